//! Whom a load balancer takes connections from.

use viewshed_model::Service;

use super::address::{Block, Family};
use super::decide::Decision;
use super::ends::End;
use super::eval::Tri;
use super::place::AddressFact;

/// `spec.loadBalancerSourceRanges`.
pub(super) fn source_ranges(from: &End<'_>, service: &Service) -> Decision {
    let name = service.meta.full_name();
    let everybody = || Decision {
        verdict: Tri::Yes,
        facts: std::collections::BTreeSet::new(),
        reasons: Vec::new(),
    };
    if service.source_ranges.is_empty() {
        if !service.has_annotated_ranges {
            return everybody();
        }
        return Decision {
                verdict: Tri::Maybe,
                facts: [format!(
                    "whether the cloud keeps the load balancer of service `{name}` to the ranges of its annotation"
                )]
                .into(),
                reasons: Vec::new(),
        };
    }
    let blocks: Vec<Block> = service
        .source_ranges
        .iter()
        .filter_map(|text| Block::parse(text))
        .collect();
    let known = |family: Family| match from.body.address(family) {
        AddressFact::Known(number) => Some((family, *number)),
        AddressFact::Absent | AddressFact::Unknown | AddressFact::Several(_) => None,
    };
    match Family::BOTH.into_iter().find_map(known) {
        None => Decision {
            verdict: Tri::Maybe,
            facts: ["the client's address".to_owned()].into(),
            reasons: Vec::new(),
        },
        Some((family, number)) => {
            let holds = blocks.iter().any(|block| {
                block.family == family && block.first <= number && number <= block.last
            });
            if holds {
                return everybody();
            }
            let ranges = service.source_ranges.join(", ");
            let text = format!("service `{name}` takes connections from {ranges} only");
            Decision::new(Tri::No, text)
        }
    }
}
