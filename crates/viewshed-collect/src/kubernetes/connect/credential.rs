//! ENTERS: a token from its file. Puts the credential of a kubeconfig into a shape that can be sent.

use std::io::IsTerminal;

use http::HeaderValue;
use kube::config::{AuthInfo, ExecInteractiveMode};
use secrecy::ExposeSecret;

use super::Impersonation;
use crate::error::Error;

/// Makes the credential that of the command line's identity, and refuses what no request could carry.
///
/// # Errors
/// A token or a name that no header takes.
pub(super) fn fit(user: &mut AuthInfo, impersonation: &Impersonation) -> Result<(), Error> {
    impersonate(user, impersonation);
    keep_standard_input(user);
    trim_token(user);
    if let Some(token) = &user.token {
        let place = "write the `token` of the kubeconfig's user in one line, as it was issued";
        check("its token", token.expose_secret(), place)?;
    }
    let names = [
        ("the user", user.impersonate.as_ref()),
        ("the uid", user.impersonate_uid.as_ref()),
    ];
    let names = names.map(|(what, name)| name.map(|name| (what, name)));
    let groups = user.impersonate_groups.iter().flatten();
    let groups = groups.map(|group| ("a group", group));
    for (what, name) in names.into_iter().flatten().chain(groups) {
        let what = format!("{what} to act as");
        check(
            &what,
            name,
            "name it without line breaks and control characters",
        )?;
    }
    Ok(())
}

fn check(what: &str, value: &str, hint: &str) -> Result<(), Error> {
    match HeaderValue::from_str(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::KubeconfigIncomplete {
            detail: format!("{what} holds a character that no request can carry"),
            hint: hint.to_owned(),
        }),
    }
}

fn impersonate(user: &mut AuthInfo, impersonation: &Impersonation) {
    let Impersonation {
        user: name,
        groups,
        uid,
    } = impersonation;
    if name.is_some() || uid.is_some() || !groups.is_empty() {
        user.impersonate.clone_from(name);
        user.impersonate_uid.clone_from(uid);
        user.impersonate_groups = (!groups.is_empty()).then(|| groups.clone());
        user.impersonate_user_extra = None;
    }
}

// kubectl forgives the line break that editors leave at the end of a token file; the library sends it.
fn trim_token(user: &mut AuthInfo) {
    if user.token.is_some() {
        return;
    }
    let text = user
        .token_file
        .as_ref()
        .and_then(|path| std::fs::read_to_string(path).ok());
    if let Some(text) = text
        && (text.trim().len() < text.len() || HeaderValue::from_str(&text).is_err())
    {
        user.token = Some(text.trim().to_owned().into());
        user.token_file = None;
    }
}

// Standard input may be the estate itself (`-`); a plugin must not eat it.
fn keep_standard_input(user: &mut AuthInfo) {
    if let Some(exec) = &mut user.exec
        && exec.interactive_mode != Some(ExecInteractiveMode::Always)
        && !std::io::stdin().is_terminal()
    {
        exec.interactive_mode = Some(ExecInteractiveMode::Never);
    }
}
