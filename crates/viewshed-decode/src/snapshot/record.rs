//! Which tag holds what: the one list that writer and reader share.

use serde::de::{Error, SeqAccess};
use viewshed_model::{Cluster, DockerHost, Estate};

use super::write::Lines;
use crate::DecodeError;

/// Names every list of a cluster and of a Docker host with its tag, once for both directions.
macro_rules! lists {
    ($($owner:ident: $type:ident { $($tag:literal => $field:ident,)* } rest { $($rest:ident,)* })*) => {
        $(
            /// Writes the owner's line without its lists, then the lists. The pattern names every
            /// field: a new one does not compile until it has its place here.
            pub(super) fn $owner<W: std::io::Write>(
                lines: &mut Lines<W>,
                index: usize,
                value: &$type,
            ) -> Result<(), DecodeError> {
                let $type { $($field,)* $($rest,)* } = value;
                let head = $type {
                    $($rest: $rest.clone(),)*
                    $($field: Vec::new(),)*
                };
                lines.line(stringify!($owner), index, &head)?;
                $(lines.list($tag, index, $field)?;)*
                Ok(())
            }
        )*

        /// Reads the rest of one line, whose tag has been read, into the estate. `false` for a tag
        /// that this version does not know.
        pub(super) fn add<'de, A: SeqAccess<'de>>(
            estate: &mut Estate,
            tag: &str,
            line: &mut A,
        ) -> Result<bool, A::Error> {
            let owner: usize = part(line)?;
            match tag {
                "source" => estate.sources.push(part(line)?),
                "gap" => estate.gaps.push(part(line)?),
                "cluster" => in_order(owner, &mut estate.clusters, line)?,
                "docker" => in_order(owner, &mut estate.docker_hosts, line)?,
                $($($tag => $owner::owner_of::<A>(estate, owner)?.$field.push(part(line)?),)*)*
                _ => return Ok(false),
            }
            Ok(true)
        }
    };
}

lists! {
    cluster: Cluster {
        "namespace" => namespaces,
        "node" => nodes,
        "pod" => pods,
        "workload" => workloads,
        "service" => services,
        "endpoints" => endpoints,
        "ingress" => ingresses,
        "gateway" => gateways,
        "role" => roles,
        "binding" => bindings,
        "service-account" => service_accounts,
        "network-policy" => network_policies,
        "network-setting" => network_settings,
        "config" => configs,
        "volume-claim" => volume_claims,
        "volume" => volumes,
        "volume-attachment" => volume_attachments,
        "other" => others,
        "api-resource" => api_resources,
    } rest {
        name, server, is_live, version, authorizers, unread_grants, unread_kinds, anonymous_access, anonymous,
        health, kubelet_files,
    }
    docker: DockerHost {
        "docker-container" => containers,
        "docker-image" => images,
        "docker-network" => networks,
        "docker-volume" => volumes,
        "docker-plugin" => plugins,
        "swarm-object" => swarm,
    } rest {
        name, endpoint, is_live, daemon,
    }
}

mod cluster {
    use super::{Cluster, Error, Estate, SeqAccess};

    pub(super) fn owner_of<'e, 'de, A: SeqAccess<'de>>(
        estate: &'e mut Estate,
        index: usize,
    ) -> Result<&'e mut Cluster, A::Error> {
        estate
            .clusters
            .get_mut(index)
            .ok_or_else(|| Error::custom("the line of its cluster is missing"))
    }
}

mod docker {
    use super::{DockerHost, Error, Estate, SeqAccess};

    pub(super) fn owner_of<'e, 'de, A: SeqAccess<'de>>(
        estate: &'e mut Estate,
        index: usize,
    ) -> Result<&'e mut DockerHost, A::Error> {
        estate
            .docker_hosts
            .get_mut(index)
            .ok_or_else(|| Error::custom("the line of its Docker host is missing"))
    }
}

fn part<'de, A: SeqAccess<'de>, T: serde::Deserialize<'de>>(line: &mut A) -> Result<T, A::Error> {
    line.next_element()?
        .ok_or_else(|| Error::custom("the line is too short"))
}

/// Owners stand in the order of their index. After a damaged owner line its place is filled with an
/// empty one, so that the lines of the following owners still find theirs.
fn in_order<'de, A: SeqAccess<'de>, T: Default + serde::Deserialize<'de>>(
    index: usize,
    owners: &mut Vec<T>,
    line: &mut A,
) -> Result<(), A::Error> {
    /// Clusters and hosts of one estate that may be missing in a row.
    const MISSING_MAX: usize = 1000;
    let owner = part(line)?;
    if index < owners.len() || index > owners.len() + MISSING_MAX {
        return Err(Error::custom("its number is out of order"));
    }
    owners.resize_with(index, T::default);
    owners.push(owner);
    Ok(())
}
