use serde_json::Value;

use super::layer;
use crate::sample;

/// mitre-attack/attack-navigator `layers/spec/v4.5/layerformat.md`: required fields and their values.
#[test]
fn a_layer_has_what_version_4_5_requires() {
    let layer: Value = serde_json::from_str(&layer(&sample::watch_report())).expect("it is JSON");
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["domain"], "enterprise-attack");
    assert!(layer["name"].as_str().is_some_and(|name| !name.is_empty()));
    let techniques = layer["techniques"].as_array().expect("a list");
    assert_eq!(techniques.len(), 2);
    for technique in techniques {
        let id = technique["techniqueID"].as_str().expect("a text");
        assert!(id.starts_with('T'));
        assert_eq!(technique["score"], 1);
        let colour = technique["color"].as_str().expect("a text");
        assert!(colour.len() == 7 && colour.starts_with('#'));
    }
    assert!(layer["gradient"]["maxValue"].as_u64() > layer["gradient"]["minValue"].as_u64());
}
