//! What a file's first bytes say about its form, and how compressed files are read as a stream.

use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Seek, SeekFrom};

use flate2::bufread::MultiGzDecoder;

use super::limits::{RATIO_FREE_BYTES, RATIO_MAX};

/// Compressed bytes that are read at once.
const READ_BYTES: usize = 128 * 1024;

/// First bytes that tell the form.
const MAGIC_BYTES: usize = 4096;

/// Neither text nor a form with a name.
const BINARY: &str = "binary data";

/// How the bytes of a file are wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Gzip,
    Zstd,
    /// Not a log that can be read; what it is, in words.
    Other(&'static str),
}

/// Told from the first bytes, never from the name.
pub(super) fn form(first: &[u8]) -> Form {
    const OTHERS: [(&[u8], &str); 7] = [
        (b"BZh", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"\xff\xfe", "text in UTF-16"),
        (b"\xfe\xff", "text in UTF-16"),
        (b"PAR1", "Parquet"),
    ];
    if first.starts_with(&[0x1f, 0x8b]) {
        return Form::Gzip;
    }
    if first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Form::Zstd;
    }
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| first.starts_with(magic)) {
        return Form::Other(name);
    }
    if first.contains(&0) {
        return Form::Other(BINARY);
    }
    Form::Plain
}

/// The uncompressed bytes of a file or pipe.
pub(super) struct Content<R> {
    form: Form,
    layer: Layer<R>,
    uncompressed: u64,
}

enum Layer<R> {
    Plain(BufReader<R>),
    Gzip(Box<MultiGzDecoder<Counted<R>>>),
    Zstd(zstd::stream::read::Decoder<'static, Counted<R>>),
}

impl<R> std::fmt::Debug for Content<R> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Content")
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Content<R> {
    /// Looks at the first bytes. Compressed files may consist of several parts one behind the other.
    pub(super) fn open(source: R) -> std::io::Result<Self> {
        let mut buffered = BufReader::with_capacity(READ_BYTES, source);
        let first = loop {
            match buffered.fill_buf() {
                Ok(first) => break first,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        let form = form(first.get(..MAGIC_BYTES).unwrap_or(first));
        let layer = match form {
            Form::Gzip => Layer::Gzip(Box::new(MultiGzDecoder::new(Counted::new(buffered)))),
            Form::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(Counted::new(buffered))?;
                Layer::Zstd(decoder)
            }
            Form::Plain | Form::Other(_) => Layer::Plain(buffered),
        };
        Ok(Self {
            form,
            layer,
            uncompressed: 0,
        })
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    fn compressed(&self) -> u64 {
        match &self.layer {
            Layer::Plain(_) => self.uncompressed,
            Layer::Gzip(decoder) => decoder.get_ref().count,
            Layer::Zstd(decoder) => decoder.get_ref().count,
        }
    }
}

/// The bytes of a file or pipe, uncompressed where they are gzip or zstd; which of them, their first bytes say.
///
/// # Errors
/// When the first bytes cannot be read, or are of another packed form. Reading on fails where the content unfolds
/// to far more than any log does.
pub fn uncompressed<R: Read>(source: R) -> std::io::Result<impl Read> {
    let content = Content::open(source)?;
    match content.form() {
        // One stray byte spoils one line, not the others.
        Form::Plain | Form::Gzip | Form::Zstd | Form::Other(BINARY) => Ok(content),
        Form::Other(name) => Err(Error::new(
            ErrorKind::InvalidData,
            format!("it is {name}: unpack it first"),
        )),
    }
}

impl Content<File> {
    /// Goes to a place in the uncompressed bytes; compressed files are read up to there.
    pub(super) fn skip_to(&mut self, offset: u64) -> std::io::Result<()> {
        if let Layer::Plain(buffered) = &mut self.layer {
            buffered.seek(SeekFrom::Start(offset))?;
            self.uncompressed = offset;
            return Ok(());
        }
        let skipped = std::io::copy(&mut self.by_ref().take(offset), &mut std::io::sink())?;
        if skipped < offset {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = match &mut self.layer {
            Layer::Plain(buffered) => buffered.read(buffer)?,
            Layer::Gzip(decoder) => decoder.read(buffer)?,
            Layer::Zstd(decoder) => decoder.read(buffer)?,
        };
        self.uncompressed += count as u64;
        let is_bomb = self.uncompressed > RATIO_FREE_BYTES
            && self.uncompressed / RATIO_MAX > self.compressed();
        if is_bomb {
            return Err(Error::other(Bomb));
        }
        Ok(count)
    }
}

/// A file that unfolds to more than [`RATIO_MAX`] times its size.
#[derive(Debug, thiserror::Error)]
#[error("it unfolds to more than {RATIO_MAX} times its size, as no log does")]
pub(super) struct Bomb;

/// Counts the compressed bytes that were used.
struct Counted<R> {
    source: BufReader<R>,
    count: u64,
}

impl<R> Counted<R> {
    fn new(source: BufReader<R>) -> Self {
        Self { source, count: 0 }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<R: Read> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.source.consume(count);
        self.count += count as u64;
    }
}
