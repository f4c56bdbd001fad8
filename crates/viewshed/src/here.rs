//! `viewshed see --here`: from inside the pod or container where the program runs.

use std::time::Duration;

use viewshed_analyze::see::{HereAnswers, see_here};
use viewshed_collect::Environment;
use viewshed_collect::here::{
    SightOptions, Unchecked, ask_metadata, daemons, kubelets, look_around, sights,
};
use viewshed_report::Answer;

use crate::cli::SeeArgs;
use crate::input::{self, USER_AGENT};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};

/// Looks around, asks the API server with the mounted tokens, every Docker API at hand, and the metadata
/// addresses where wanted.
pub(crate) fn run(arguments: &SeeArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let environment = Environment::of_process();
    let mut surroundings = look_around(&environment);
    let options = SightOptions {
        namespaces: arguments.estate.namespaces.clone(),
        user_agent: USER_AGENT.to_owned(),
        unchecked: if arguments.insecure_skip_tls_verify {
            Unchecked::Allowed
        } else {
            Unchecked::Refused
        },
        limits: input::limits(&arguments.estate),
    };
    let progress = input::progress(screen);
    let time_max = arguments.estate.timeout.map(Duration::from_secs);
    let (answers, gaps) = input::block_on(async {
        if arguments.probe {
            ask_metadata(&mut surroundings.metadata_addresses).await;
        }
        let progress = progress.as_ref();
        let (sights, mut gaps) = sights(&environment, &surroundings, &options, progress).await;
        let (daemons, more) =
            daemons(&environment, &surroundings, USER_AGENT, time_max, progress).await;
        gaps.extend(more);
        let (kubelets, more) = kubelets(&environment, &surroundings, &sights, &options).await;
        gaps.extend(more);
        let answers = HereAnswers {
            sights,
            daemons,
            kubelets,
        };
        (answers, gaps)
    })?;
    let mut view = see_here(surroundings, answers);
    view.gaps.extend(gaps);
    screen.show(
        &Answer::See(&view, None),
        &arguments.output,
        Lists::whole_if(arguments.all),
    )?;
    Ok(Outcome::with_gaps(false, &view.gaps))
}
