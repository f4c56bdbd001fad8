//! ENTERS: what the live server says of one's own access.
//!
//! It answers everybody about themselves (`system:basic-user` of its bootstrap policy), also those who may not
//! read the bindings that decide.

use viewshed_collect::kubernetes::Client;
use viewshed_collect::kubernetes::verify::{own_rules_review, review_own, who_am_i};
use viewshed_collect::{Error, Quiet};
use viewshed_model::{AccessAnswer, Decision, Evidence, Identity, RulesReview};

use crate::cli::{EstateArgs, ImpersonateArgs};
use crate::input;
use crate::outcome::Failure;

/// Who the server takes the own credential for.
///
/// # Errors
/// When the estate comes from files, or there is no server to ask.
pub(super) fn identity(arguments: &EstateArgs) -> Result<Identity, Failure> {
    if arguments.demo || !arguments.from.is_empty() {
        return Err(Failure::usage(
            "whose access? files do not tell who you are",
            "name an identity with --as USER [--as-group GROUP]",
        ));
    }
    input::block_on(async {
        let client = connect(arguments).await?;
        if let Some(identity) = client.identity() {
            return Ok(identity.clone());
        }
        who_am_i(&client)
            .await
            .map_err(|failure| failure.into_error(client.server()))
    })?
    .map_err(input::collect_failure)
}

/// Puts the server's own answer (SelfSubjectAccessReview) in place of one that depends on facts; when it gives
/// none, that is a gap.
///
/// # Errors
/// When the server is not there any more.
pub(super) fn decide(arguments: &EstateArgs, answer: &mut AccessAnswer) -> Result<(), Failure> {
    let actions = [answer.request.action.clone()];
    let (name, verdict) = input::block_on(async {
        let client = connect(arguments).await?;
        let mut verdicts = review_own(&client, &actions, &Quiet).await;
        Ok::<_, Error>((client.name().to_owned(), verdicts.pop()))
    })?
    .map_err(input::collect_failure)?;
    match verdict {
        Some(Ok(verdict)) => {
            let words = match verdict.reason.as_str() {
                "" => "the bindings could not be read".to_owned(),
                reason => reason.to_owned(),
            };
            answer.decision = if verdict.allowed {
                Decision::Allowed(Evidence::Server(words))
            } else {
                Decision::Denied(format!("the server says no: {words}"))
            };
            answer.gaps.clear();
        }
        Some(Err(failure)) => {
            let gap = failure.gap(&name, "ask the server about the own access");
            answer.gaps.insert(0, gap);
        }
        None => {}
    }
    Ok(())
}

/// The same for everything in one namespace (SelfSubjectRulesReview).
///
/// # Errors
/// When the server is not there any more.
pub(super) fn list(arguments: &EstateArgs, review: &mut RulesReview) -> Result<(), Failure> {
    let (name, answer) = input::block_on(async {
        let client = connect(arguments).await?;
        let answer = own_rules_review(&client, &review.namespace).await;
        Ok::<_, Error>((client.name().to_owned(), answer))
    })?
    .map_err(input::collect_failure)?;
    match answer {
        Ok(of_server) => {
            *review = RulesReview {
                identity: std::mem::take(&mut review.identity),
                ..of_server
            };
        }
        Err(failure) => {
            let gap = failure.gap(&name, "ask the server about the own access");
            review.gaps.insert(0, gap);
        }
    }
    Ok(())
}

async fn connect(arguments: &EstateArgs) -> Result<Client, Error> {
    let context = arguments.context.first().map(String::as_str);
    input::connect(arguments, context, &ImpersonateArgs::default()).await
}
