//! An observation as JSON, for other programs.

use mien::face::{Face, Reading};
use mien::observation::Observation;
use serde_json::{Map, Value, json};

pub(super) fn json_of(observation: &Observation) -> Value {
    let frame = &observation.frame;
    let (width, height) = frame.size();
    json!({
        "number": observation.number,
        "time_ms": frame.time.as_millis(),
        "utc": frame.utc.map(|utc| format!("{utc:.3}")),
        "source": &*frame.source,
        "source_frame": frame.source_frame,
        "width": width,
        "height": height,
        "model": &*observation.model,
        "second_model": observation.second.as_deref(),
        "analysis_ms": observation.times.total().as_secs_f64() * 1e3,
        "faces": observation.faces.iter().map(json_of_face).collect::<Vec<_>>(),
    })
}

fn json_of_face(face: &Face) -> Value {
    let mut json = json!({
        "face_id": face.id,
        "x": face.face_box.x,
        "y": face.face_box.y,
        "width": face.face_box.width,
        "height": face.face_box.height,
        "score": face.score,
        "quality": face.quality.to_string(),
        "second": face.second.as_ref().map(json_of_reading),
    });
    if let Some(json) = json.as_object_mut() {
        json.append(&mut json_of_reading(&face.reading));
    }
    json
}

/// A model's answer; the first one's stands in the face itself.
fn json_of_reading(reading: &Reading) -> Map<String, Value> {
    let (label, confidence) = reading.raw.top();
    let probabilities: Map<String, Value> = reading
        .raw
        .iter()
        .map(|(expression, value)| (expression.name().to_owned(), json!(value)))
        .collect();
    [
        ("label", json!(label.name())),
        ("confidence", json!(confidence)),
        ("probabilities", Value::Object(probabilities)),
        ("shown", json!(reading.shown_name())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::observation;
    use super::*;

    #[test]
    fn a_second_models_answer_stands_in_the_face_of_the_first_one() {
        let json = json_of(&observation(true));
        assert_eq!(
            (&json["model"], &json["second_model"]),
            (&json!("one"), &json!("other"))
        );
        let face = &json["faces"][0];
        for (answer, label) in [(face, "happy"), (&face["second"], "sad")] {
            assert_eq!(answer["label"], label);
            assert_eq!(answer["shown"], label);
            assert_eq!(answer["confidence"], 0.75);
            assert_eq!(answer["probabilities"][label], 0.75);
        }
        let json = json_of(&observation(false));
        assert!(json["second_model"].is_null() && json["faces"][0]["second"].is_null());
    }
}
