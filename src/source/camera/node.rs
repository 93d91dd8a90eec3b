//! Which camera a name means.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Found;

/// A device by the name that the user sees: unique to the camera, shared by its devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub index: u32,
    pub name: String,
    /// As the driver names it; cameras that are alike share it.
    pub plain: String,
    pub port: String,
}

impl Node {
    pub fn is_meant_by(&self, wanted: &str) -> bool {
        let number = wanted.strip_prefix(DEVICE).unwrap_or(wanted);
        self.name.eq_ignore_ascii_case(wanted) || number.parse() == Ok(self.index)
    }

    /// Its name as long as another camera like it is there.
    fn name_with_port(&self) -> String {
        format!("{} ({})", self.plain, self.port)
    }
}

/// Where the system has its cameras' devices, before their numbers.
const DEVICE: &str = "/dev/video";

/// Whether a path is that of a camera's device: one of the system's, or a link to it such as those in
/// `/dev/v4l/by-id`.
pub(in crate::source) fn is_device(path: &Path) -> bool {
    let device = fs::canonicalize(path).unwrap_or_default();
    device
        .to_str()
        .is_some_and(|device| device.starts_with(DEVICE))
}

/// The device that a link leads to; any other name as it is. At every opening anew: it may have got
/// another number.
pub(super) fn device_of(wanted: &str) -> String {
    let wanted = wanted.trim();
    let path = Path::new(wanted);
    let target = path.has_root().then(|| fs::canonicalize(path).ok());
    target
        .flatten()
        .map_or_else(|| wanted.to_owned(), |device| device.display().to_string())
}

/// The nodes that are meant, under the names that they go on by. A camera that was chosen by its name with
/// the port keeps that while it is the only one of its kind, and one that was chosen without keeps that
/// when another comes: it is the one at the port where it was last opened.
pub(super) fn meant(
    nodes: Vec<Node>,
    wanted: &str,
    last_port: impl Fn(&str) -> Option<String>,
) -> Vec<Node> {
    let is_meant = |node: &Node| node.is_meant_by(wanted);
    let (exact, mut others): (Vec<Node>, Vec<Node>) = nodes.into_iter().partition(is_meant);
    if !exact.is_empty() {
        return exact;
    }
    for node in &mut others {
        let name = node.name_with_port();
        if name.eq_ignore_ascii_case(wanted) {
            node.name = name;
        } else if last_port(&node.plain).is_some_and(|port| port == node.port) {
            node.name.clone_from(&node.plain);
        }
    }
    let (named, mut alike): (Vec<Node>, Vec<Node>) = others.into_iter().partition(is_meant);
    if !named.is_empty() {
        return named;
    }
    // None of them was opened before: the first that opens, and its name says which it is.
    alike
        .retain(|node| node.plain.eq_ignore_ascii_case(wanted) && last_port(&node.plain).is_none());
    alike
}

/// Where a camera of each name was last opened; the driver's names. Whoever looks for a camera again knows
/// no more than its name.
static LAST_PORTS: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

pub(super) fn last_port(plain: &str) -> Option<String> {
    let ports = LAST_PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    ports.get(plain).cloned()
}

pub(super) fn remember_port(node: &Node) {
    let mut ports = LAST_PORTS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = ports.insert(node.plain.clone(), node.port.clone());
    if let Some(before) = before.filter(|before| node.name == node.plain && *before != node.port) {
        let Node { name, port, .. } = node;
        log::warn!("'{name}' is at {port} now, and was at {before}: the same camera, or its like");
    }
}

/// Gives each node the name of its camera: where cameras at different ports have the same name, with the
/// port.
pub(super) fn named(found: &[Found]) -> Vec<Node> {
    let alike = |node: &Found| {
        found
            .iter()
            .any(|other| other.name == node.name && other.port != node.port)
    };
    found
        .iter()
        .map(|node| Node {
            index: node.index,
            name: if alike(node) {
                format!("{} ({})", node.name, node.port)
            } else {
                node.name.clone()
            },
            plain: node.name.clone(),
            port: node.port.clone(),
        })
        .collect()
}
