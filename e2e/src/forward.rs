//! A way from this machine's loopback to a port inside an enclosed machine.
//!
//! One thread listens; each connection gets a thread that enters the machine's network just to
//! connect. Nothing here holds that network open, so it ends with the machine.

use std::fs::File;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Listens on a free port of this machine's loopback until dropped.
#[derive(Debug)]
pub struct Forward {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Forward {
    /// Starts to forward to `target` as seen in the network namespace at `network`.
    pub(crate) fn start(network: PathBuf, target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        let address = listener
            .local_addr()
            .context("cannot read the port of a listener")?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        thread::spawn(move || {
            for client in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let network = network.clone();
                if let Ok(client) = client {
                    // A failed connection is closed, which is what its client sees.
                    thread::spawn(move || serve(&client, &network, target).is_ok());
                }
            }
        });
        Ok(Self { address, stopped })
    }

    /// Where this machine can connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the listener; when it cannot be reached it is not listening either.
        drop(TcpStream::connect_timeout(&self.address, CONNECT_LIMIT));
    }
}

fn serve(client: &TcpStream, network: &Path, target: SocketAddr) -> io::Result<()> {
    let namespace = File::open(network)?;
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
    drop(namespace);
    let server = TcpStream::connect_timeout(&target, CONNECT_LIMIT)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (upstream_from, upstream_to) = (client.try_clone()?, server.try_clone()?);
    let upstream = thread::spawn(move || copy(&upstream_from, &upstream_to));
    copy(&server, client);
    drop(upstream.join());
    Ok(())
}

/// Copies until either side closes, then tells the receiver that nothing more comes.
fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let copied = io::copy(&mut from, &mut to);
    let closed = to.shutdown(Shutdown::Write);
    if copied.is_err() || closed.is_err() {
        // The other direction cannot be of use to anybody any more.
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    }
}
