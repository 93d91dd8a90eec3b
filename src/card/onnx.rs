//! What of an ONNX file a card needs: its properties, and that nothing of it lies elsewhere.

use prost::Message;

/// What of `onnx.ModelProto` (github.com/onnx/onnx, `onnx/onnx.proto`) a card needs.
#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(int64, optional, tag = "1")]
    ir_version: Option<i64>,
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "14")]
    metadata_props: Vec<StringStringEntryProto>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<FunctionProto>,
}

/// Everything in a network that may hold tensors.
#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    node: Vec<NodeProto>,
    #[prost(message, repeated, tag = "5")]
    initializer: Vec<TensorProto>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializer: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct NodeProto {
    #[prost(message, repeated, tag = "5")]
    attribute: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
struct AttributeProto {
    #[prost(message, optional, tag = "5")]
    t: Option<TensorProto>,
    #[prost(message, optional, tag = "6")]
    g: Option<GraphProto>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<TensorProto>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<GraphProto>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<SparseTensorProto>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<SparseTensorProto>,
}

#[derive(Clone, PartialEq, Message)]
struct SparseTensorProto {
    #[prost(message, optional, tag = "1")]
    values: Option<TensorProto>,
    #[prost(message, optional, tag = "2")]
    indices: Option<TensorProto>,
}

/// A function of the model's own.
#[derive(Clone, PartialEq, Message)]
struct FunctionProto {
    #[prost(message, repeated, tag = "7")]
    node: Vec<NodeProto>,
}

/// Skipped but for where its values are.
#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<StringStringEntryProto>,
    #[prost(int32, optional, tag = "14")]
    data_location: Option<i32>,
}

/// `onnx.TensorProto.DataLocation`: the values are in another file.
const EXTERNAL: i32 = 1;

// Where a model could name another file: it would be opened from wherever Mien was started.

impl GraphProto {
    fn is_elsewhere(&self) -> bool {
        self.initializer.iter().any(TensorProto::is_elsewhere)
            || self
                .sparse_initializer
                .iter()
                .any(SparseTensorProto::is_elsewhere)
            || self.node.iter().any(NodeProto::is_elsewhere)
    }
}

impl NodeProto {
    fn is_elsewhere(&self) -> bool {
        self.attribute.iter().any(|attribute| {
            let tensors = attribute.t.iter().chain(&attribute.tensors);
            let sparse = attribute
                .sparse_tensor
                .iter()
                .chain(&attribute.sparse_tensors);
            let graphs = attribute.g.iter().chain(&attribute.graphs);
            tensors.into_iter().any(TensorProto::is_elsewhere)
                || sparse.into_iter().any(SparseTensorProto::is_elsewhere)
                || graphs.into_iter().any(GraphProto::is_elsewhere)
        })
    }
}

impl SparseTensorProto {
    fn is_elsewhere(&self) -> bool {
        let tensors = self.values.iter().chain(&self.indices);
        tensors.into_iter().any(TensorProto::is_elsewhere)
    }
}

impl TensorProto {
    fn is_elsewhere(&self) -> bool {
        self.data_location == Some(EXTERNAL) || !self.external_data.is_empty()
    }
}

#[derive(Clone, PartialEq, Message)]
struct StringStringEntryProto {
    #[prost(string, optional, tag = "1")]
    key: Option<String>,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

/// The properties of a whole network in these bytes.
///
/// # Errors
/// A predicate when they are none, or parts of it are in another file.
pub(super) fn properties(onnx: &[u8]) -> Result<impl Iterator<Item = (String, String)>, String> {
    if onnx.is_empty() {
        return Err("the file is empty; export or copy it again".to_owned());
    }
    let model = ModelProto::decode(onnx).map_err(|_| {
        "the file is no ONNX model, or cut short; export or copy it again".to_owned()
    })?;
    let (Some(_), Some(graph)) = (model.ir_version, model.graph) else {
        return Err("the file holds no ONNX network; export or copy it again".to_owned());
    };
    let mut nodes = model.functions.iter().flat_map(|function| &function.node);
    if graph.is_elsewhere() || nodes.any(NodeProto::is_elsewhere) {
        return Err(
            "its weights are in another file, which Mien does not open; save it as one file (in \
             Python: onnx.save(onnx.load(path), path))"
                .to_owned(),
        );
    }
    let properties = model.metadata_props.into_iter();
    Ok(properties.filter_map(|entry| Some((entry.key?, entry.value?))))
}

/// An ONNX file with an empty network and these properties.
#[cfg(test)]
pub(super) fn with_properties(properties: impl IntoIterator<Item = (String, String)>) -> Vec<u8> {
    let entry = |(key, value)| StringStringEntryProto {
        key: Some(key),
        value: Some(value),
    };
    ModelProto {
        ir_version: Some(10),
        graph: Some(GraphProto::default()),
        metadata_props: properties.into_iter().map(entry).collect(),
        functions: Vec::new(),
    }
    .encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_in_another_file_are_refused() {
        let elsewhere = TensorProto {
            data_location: Some(EXTERNAL),
            ..TensorProto::default()
        };
        let at_once = GraphProto {
            initializer: vec![elsewhere],
            ..GraphProto::default()
        };
        // In the branch of an `If`, say.
        let in_a_branch = NodeProto {
            attribute: vec![AttributeProto {
                g: Some(at_once.clone()),
                ..AttributeProto::default()
            }],
        };
        let nested = GraphProto {
            node: vec![in_a_branch.clone()],
            ..GraphProto::default()
        };
        let in_a_function = FunctionProto {
            node: vec![in_a_branch],
        };
        for (graph, functions) in [
            (at_once, vec![]),
            (nested, vec![]),
            (GraphProto::default(), vec![in_a_function]),
        ] {
            let mut model = ModelProto::decode(&*with_properties([])).unwrap();
            model.graph = Some(graph);
            model.functions = functions;
            let reason = properties(&model.encode_to_vec()).err().unwrap();
            assert!(reason.contains("another file"), "{reason}");
        }
    }
}
