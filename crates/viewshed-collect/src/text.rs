//! Foreign text made fit for one line of a message.

/// Characters of a message that are kept: enough for every error of a server, too short to flood.
const MESSAGE_CHARACTERS_MAX: usize = 500;

/// Cleans a message of foreign origin and cuts it to a readable length, all on one line.
pub(crate) fn one_line(text: &str) -> String {
    let cleaned = viewshed_decode::text::clean(text);
    let mut words = cleaned
        .split_whitespace()
        .fold(String::new(), |mut line, word| {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            line
        });
    if let Some((cut, _)) = words.char_indices().nth(MESSAGE_CHARACTERS_MAX) {
        words.truncate(cut);
        words.push_str("...");
    }
    words
}
