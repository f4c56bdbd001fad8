//! A server of the user that gets incidents by webhook, well or badly.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

/// One post.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Post {
    pub(crate) fn incident(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with this key as Standard Webhooks demand.
    pub(crate) fn is_signed_with(&self, key: &[u8]) -> bool {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        let (id, at) = (
            &self.headers["webhook-id"],
            &self.headers["webhook-timestamp"],
        );
        mac.update(format!("{id}.{at}.{}", self.body).as_bytes());
        let expected = STANDARD.encode(mac.finalize().into_bytes());
        self.headers["webhook-signature"] == format!("v1,{expected}")
    }
}

/// Ends with the test program.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    posts: Arc<Mutex<Vec<Post>>>,
}

impl Receiver {
    /// Answers the posts, counted from 0, with these statuses.
    pub(crate) fn start(
        address: SocketAddr,
        status: impl Fn(usize) -> u16 + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::<Mutex<Vec<Post>>>::default();
        let kept = Arc::clone(&posts);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let status = status(kept.lock().unwrap().len());
                if let Ok(post) = answer(stream, status) {
                    kept.lock().unwrap().push(post);
                }
            }
        });
        Self { address, posts }
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }
}

fn answer(mut stream: TcpStream, status: u16) -> std::io::Result<Post> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    assert!(line.starts_with("POST /hook "), "{line}");
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        match line.trim().split_once(": ") {
            None => break,
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
        };
    }
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    reader.read_exact(&mut body)?;
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")?;
    Ok(Post {
        status,
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}
