//! A way from this machine's loopback to a port inside an enclosed machine, or from another address.
//!
//! One thread listens; each connection gets a thread that connects. To an enclosed machine it enters the
//! machine's network just for that: nothing here holds that network open, so it ends with the machine.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
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
        Self::start_with(move || connect_inside(&network, target))
    }

    /// Starts to forward to `target`, which sees every client come from `source`: any address of
    /// this machine's loopback, 127.0.0.0/8.
    pub fn start_from(source: Ipv4Addr, target: SocketAddrV4) -> Result<Self> {
        Self::start_with(move || connect_from(source, target))
    }

    fn start_with(
        connect: impl Fn() -> io::Result<TcpStream> + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
        let address = listener
            .local_addr()
            .context("cannot read the port of a listener")?;
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        let connect = Arc::new(connect);
        thread::spawn(move || {
            for client in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let connect = Arc::clone(&connect);
                if let Ok(client) = client {
                    // A failed connection is closed, which is what its client sees.
                    thread::spawn(move || serve(&client, &connect()?));
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

fn connect_inside(network: &Path, target: SocketAddr) -> io::Result<TcpStream> {
    let namespace = File::open(network)?;
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
    drop(namespace);
    TcpStream::connect_timeout(&target, CONNECT_LIMIT)
}

fn connect_from(source: Ipv4Addr, target: SocketAddrV4) -> io::Result<TcpStream> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    bind(&socket, &SocketAddrV4::new(source, 0))?;
    connect(&socket, &target)?;
    Ok(socket.into())
}

fn serve(client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (upstream_from, upstream_to) = (client.try_clone()?, server.try_clone()?);
    let upstream = thread::spawn(move || copy(&upstream_from, &upstream_to));
    copy(server, client);
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
