//! `viewshed see --here`: from inside the pod or container where the program runs.

use viewshed_analyze::see::see_here;
use viewshed_collect::Environment;
use viewshed_collect::here::{SightOptions, ask_metadata, look_around, sights};
use viewshed_report::Answer;

use crate::cli::SeeArgs;
use crate::input::{self, USER_AGENT};
use crate::outcome::{Failure, Outcome};
use crate::output::{Lists, Screen};

/// Looks around, asks the API server with the mounted tokens, and the metadata addresses where wanted.
pub(crate) fn run(arguments: &SeeArgs, screen: &Screen) -> Result<Outcome, Failure> {
    let environment = Environment::of_process();
    let mut surroundings = look_around(&environment);
    let options = SightOptions {
        namespaces: arguments.namespaces.clone(),
        user_agent: USER_AGENT.to_owned(),
        limits: input::limits(&arguments.estate),
    };
    let progress = input::progress(screen);
    let (found, gaps) = input::block_on(async {
        if arguments.probe {
            ask_metadata(&mut surroundings.metadata_addresses).await;
        }
        sights(&environment, &surroundings, &options, progress.as_ref()).await
    })?;
    let mut view = see_here(surroundings, found);
    view.gaps.extend(gaps);
    screen.show(
        &Answer::See(&view, None),
        &arguments.output,
        Lists::whole_if(arguments.all),
    )?;
    Ok(Outcome::of(false, !view.gaps.is_empty()))
}
