//! ENTERS: one status line from each address at which clouds tell a machine about itself.
//!
//! Asked only when the user wants it, and only for `/`: nothing here can read a credential.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use viewshed_model::MetadataAddress;

/// Time for one address: they are on the same machine or not there at all.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read: the status line is in the first.
const ANSWER_BYTES_MAX: usize = 64;

/// The addresses that the clouds document.
pub(super) fn addresses() -> Vec<MetadataAddress> {
    [
        (
            "169.254.169.254:80",
            "AWS, Azure, Google Cloud, OpenStack and others",
        ),
        ("[fd00:ec2::254]:80", "AWS"),
        ("169.254.170.2:80", "AWS (container credentials)"),
        ("169.254.170.23:80", "AWS (EKS pod identity)"),
        ("100.100.100.200:80", "Alibaba Cloud"),
        ("192.0.0.192:80", "Oracle Cloud (classic)"),
    ]
    .into_iter()
    .map(|(address, cloud)| MetadataAddress {
        address: address.to_owned(),
        cloud: cloud.to_owned(),
        is_asked: false,
        status: None,
    })
    .collect()
}

/// Asks each address for `/` and notes the status. An address that does not answer keeps none.
pub async fn ask_metadata(addresses: &mut [MetadataAddress]) {
    for address in addresses {
        address.is_asked = true;
        address.status = timeout(ANSWER_TIME_MAX, status(&address.address))
            .await
            .ok()
            .flatten();
    }
}

async fn status(address: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET / HTTP/1.0\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    while answer.len() < ANSWER_BYTES_MAX && !answer.contains(&b'\n') {
        if stream.read_buf(&mut answer).await.ok()? == 0 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&answer);
    let mut words = line.split_whitespace();
    words.next()?.strip_prefix("HTTP/")?;
    words.next()?.parse().ok()
}
