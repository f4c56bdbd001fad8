//! ENTERS: names and types of secrets, from a `Table` without objects.
//!
//! Metadata would also tell the names of keys, but `kubectl apply` keeps the whole Secret in an
//! annotation, so that its values would cross the wire with the metadata.

use serde::Deserialize;
use serde_json::Value;
use viewshed_decode::kubernetes::ListPage;
use viewshed_decode::text::clean;
use viewshed_model::{Cluster, ConfigKind, ConfigNames, Meta};

use super::failure::Failure;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Table {
    kind: String,
    metadata: ListMeta,
    column_definitions: Vec<Column>,
    rows: Option<Vec<Row>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ListMeta {
    r#continue: Option<String>,
    remaining_item_count: Option<u64>,
    resource_version: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Column {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Row {
    cells: Vec<Value>,
}

/// Adds one page of secrets of `namespace`. Without a namespace nothing is added: the cells do not
/// say to which namespace a secret belongs. Rows without a name are told to `on_nameless`.
pub(super) fn add_names(
    cluster: &mut Cluster,
    namespace: Option<&str>,
    body: &[u8],
    mut on_nameless: impl FnMut(u64),
) -> Result<ListPage, Failure> {
    let table: Table = serde_json::from_slice(body)
        .map_err(|_| Failure::Malformed("the answer is not a table".to_owned()))?;
    if table.kind != "Table" {
        return Err(Failure::Malformed("the answer is not a table".to_owned()));
    }
    let column = |name: &str| {
        table
            .column_definitions
            .iter()
            .position(|column| column.name == name)
    };
    let (name, secret_type) = (column("Name"), column("Type"));
    let (mut count, mut nameless) = (0, 0);
    for row in table.rows.iter().flatten() {
        let cell = |column: Option<usize>| {
            let text = column.and_then(|column| row.cells.get(column)?.as_str());
            text.map(|text| clean(text).into_owned())
        };
        let Some(namespace) = namespace else {
            continue;
        };
        let Some(name) = cell(name) else {
            nameless += 1;
            continue;
        };
        let secret_type = cell(secret_type).unwrap_or_default();
        count += 1;
        cluster.configs.push(ConfigNames {
            kind: ConfigKind::Secret,
            meta: Meta {
                namespace: Some(namespace.to_owned()),
                name,
                ..Meta::default()
            },
            token_of: String::new(),
            keys: keys_of_type(&secret_type),
            secret_type,
        });
    }
    if nameless > 0 {
        on_nameless(nameless);
    }
    Ok(ListPage {
        continue_token: table.metadata.r#continue,
        remaining_item_count: table.metadata.remaining_item_count,
        count,
        resource_version: table.metadata.resource_version.unwrap_or_default(),
    })
}

/// Keys without which the server refuses a secret of this type
/// (`pkg/apis/core/validation.ValidateSecret`).
fn keys_of_type(secret_type: &str) -> Vec<String> {
    let keys: &[&str] = match secret_type {
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        _ => &[],
    };
    keys.iter().map(|key| (*key).to_owned()).collect()
}
