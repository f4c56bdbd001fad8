//! `viewshed see`: what is visible from one place.

use viewshed_analyze::SightIndex;
use viewshed_analyze::see::{Joined, SeeError, see_joined};
use viewshed_model::{Estate, Identity, Vantage};
use viewshed_report::Answer;

use crate::cli::{EstateArgs, ImpersonateArgs, SeeArgs, VantageArgs};
use crate::input::{self, Wanted};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};
use crate::{here, question, verify};

/// Collects or reads the estate, computes the view, and asks the live server where that is wanted.
pub(crate) fn run(arguments: &SeeArgs, screen: &Screen) -> Result<Outcome, Failure> {
    if arguments.vantage.here {
        return here::run(arguments, screen);
    }
    let estate_arguments = with_docker_vantage(arguments);
    let wanted = wanted(&arguments.vantage);
    let estate = input::estate(
        &estate_arguments,
        &ImpersonateArgs::default(),
        wanted,
        screen,
    )?;
    let vantage = vantage(&arguments.vantage, &estate)?;
    let joined = Joined {
        cni: arguments.pivots.cni,
        depth: (!arguments.pivots.no_pivots).then_some(arguments.pivots.depth),
    };
    let mut view = see_joined(&estate, &vantage, joined).map_err(|error| no_view(&error))?;
    let verification = if arguments.verify {
        let cluster = estate
            .clusters
            .iter()
            .find(|cluster| cluster.name == view.estate)
            .ok_or_else(|| {
                Failure::usage(
                    "--verify asks an API server, and this vantage has none",
                    "leave --verify out",
                )
            })?;
        let index = SightIndex::new(cluster);
        Some(verify::verify(
            &estate_arguments,
            &index,
            &mut view,
            screen,
        )?)
    } else {
        None
    };
    let lists = Lists::whole_if(arguments.all);
    screen.show(
        &Answer::See(&view, verification.as_ref()),
        &arguments.output,
        lists,
    )?;
    let differs = verification.is_some_and(|verification| !verification.differences.is_empty());
    Ok(Outcome::of(differs, !view.gaps.is_empty()))
}

/// `--docker HOST` names the vantage and where to read it.
fn with_docker_vantage(arguments: &SeeArgs) -> EstateArgs {
    let mut estate = arguments.estate.clone();
    if let Some(host) = &arguments.vantage.docker
        && !host.is_empty()
        && estate.from.is_empty()
        && !estate.demo
        && estate.docker_host.is_empty()
    {
        estate.docker_host.push(host.clone());
    }
    estate
}

fn wanted(vantage: &VantageArgs) -> Wanted {
    if vantage.container.is_some() || vantage.docker.is_some() {
        Wanted::DockerHost
    } else {
        Wanted::Cluster
    }
}

fn vantage(arguments: &VantageArgs, estate: &Estate) -> Result<Vantage, Failure> {
    let first_host = || {
        estate
            .docker_hosts
            .first()
            .map(|host| host.name.clone())
            .unwrap_or_default()
    };
    if arguments.anonymous {
        return Ok(Vantage::Anonymous);
    }
    if let Some(user) = &arguments.user {
        let identity = question::identity(user, &arguments.groups);
        return Ok(Vantage::Identity { identity });
    }
    if let Some(account) = &arguments.serviceaccount {
        let (namespace, name) = namespaced(account, "--serviceaccount")?;
        return Ok(Vantage::Identity {
            identity: Identity::service_account(namespace, name),
        });
    }
    if let Some(pod) = &arguments.pod {
        let (namespace, name) = namespaced(pod, "--pod")?;
        return Ok(Vantage::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
    }
    if let Some(name) = &arguments.node {
        return Ok(Vantage::Node { name: name.clone() });
    }
    if let Some(name) = &arguments.container {
        return Ok(Vantage::Container {
            host: holder_of(estate, name).unwrap_or_else(first_host),
            name: name.clone(),
        });
    }
    if let Some(host) = &arguments.docker {
        let known = estate
            .docker_hosts
            .iter()
            .find(|known| known.name == *host || known.endpoint == *host)
            .map(|known| known.name.clone());
        return Ok(Vantage::DockerApi {
            host: known.unwrap_or_else(first_host),
        });
    }
    if let Some(address) = &arguments.kubelet {
        return Ok(Vantage::Kubelet {
            address: address.clone(),
        });
    }
    Err(Failure::usage(
        "no vantage given",
        "see `viewshed see --help`",
    ))
}

/// The host that has a container of that name or id.
fn holder_of(estate: &Estate, name: &str) -> Option<String> {
    let has = |container: &viewshed_model::DockerContainer| {
        container.name == name || (!container.id.is_empty() && container.id.starts_with(name))
    };
    estate
        .docker_hosts
        .iter()
        .find(|host| host.containers.iter().any(has))
        .map(|host| host.name.clone())
}

fn namespaced<'a>(text: &'a str, flag: &str) -> Result<(&'a str, &'a str), Failure> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
            Ok((namespace, name))
        }
        _ => Err(Failure::usage(
            format!("`{text}` is not NAMESPACE/NAME"),
            format!("for example: {flag} shop/cart"),
        )),
    }
}

fn no_view(error: &SeeError) -> Failure {
    Failure::usage(
        error.to_string(),
        "`viewshed who` and `viewshed scan` show what the estate holds",
    )
}
