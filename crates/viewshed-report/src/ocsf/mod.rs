//! LEAVES: OCSF 1.8.0: a Detection Finding (2004) per incident, an API Activity (6003) per event.
//!
//! Source: ocsf/ocsf-schema `events/findings/detection_finding.json`, `events/application/api_activity.json`
//! and the objects that they name. Own structs: two classes out of some eighty are used. The required
//! attributes and the "at least one of" constraints are held by tests.

mod activity;
mod finding;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use serde::Serialize;
use viewshed_model::service_account_of;

pub use activity::api_activity;
pub use finding::{detection_finding, findings};

const SCHEMA_VERSION: &str = "1.8.0";

#[derive(Debug, Serialize)]
struct Metadata<'a> {
    version: &'static str,
    product: Product<'a>,
    #[serde(skip_serializing_if = "String::is_empty")]
    uid: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    correlation_uid: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    event_code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    log_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    log_level: &'a str,
}

#[derive(Debug, Serialize)]
struct Product<'a> {
    name: &'static str,
    vendor_name: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
}

impl<'a> Metadata<'a> {
    fn new(program_version: &'a str) -> Self {
        Self {
            version: SCHEMA_VERSION,
            product: Product {
                name: "Viewshed",
                vendor_name: "Viewshed",
                version: program_version,
            },
            uid: String::new(),
            correlation_uid: "",
            event_code: "",
            log_name: "",
            log_level: "",
        }
    }
}

#[derive(Debug, Serialize)]
struct Actor<'a> {
    user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorizations: Vec<Authorization<'a>>,
}

#[derive(Debug, Serialize)]
struct Authorization<'a> {
    decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Named<'a>>,
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct User<'a> {
    name: &'a str,
    type_id: u8,
    #[serde(skip_serializing_if = "str::is_empty")]
    uid: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    credential_uid: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Named<'a>>,
}

impl<'a> User<'a> {
    fn new(name: &'a str, groups: Vec<&'a str>) -> Self {
        Self {
            name,
            type_id: user_type(name),
            uid: "",
            credential_uid: "",
            groups: groups.into_iter().map(|name| Named { name }).collect(),
        }
    }
}

/// 1 user, 3 system, 4 service.
fn user_type(name: &str) -> u8 {
    if service_account_of(name).is_some() {
        4
    } else if name.starts_with("system:") {
        3
    } else {
        1
    }
}

/// An address, or in its place a name: the object must have one of them.
#[derive(Debug, Serialize)]
struct Endpoint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

impl<'a> Endpoint<'a> {
    fn of(address: &'a str) -> Self {
        match address.parse() {
            Ok(ip) => Self {
                ip: Some(ip),
                name: None,
            },
            Err(_) if address.is_empty() => Self {
                ip: None,
                name: Some("(not in the log)"),
            },
            Err(_) => Self {
                ip: None,
                name: Some(address),
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct Api<'a> {
    operation: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<Named<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Named<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response<'a>>,
}

#[derive(Debug, Serialize)]
struct Request<'a> {
    uid: &'a str,
}

#[derive(Debug, Serialize)]
struct Response<'a> {
    code: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

#[derive(Debug, Serialize)]
struct Resource<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    namespace: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Shown<'a>>,
}

#[derive(Debug, Serialize)]
struct Shown<'a> {
    answers: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    objects: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    names: &'a [String],
}
