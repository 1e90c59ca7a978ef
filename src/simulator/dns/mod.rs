//! A name server for the tenants' custom domains, over UDP and TCP on the same port. The scenario says which records they have.

mod message;
mod zone;

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::server::Shared;

pub(crate) use zone::Asked;

/// The largest question that is read.
const MOST: usize = 4096;
/// A connection without a question for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Connections that are open at once.
const MOST_OPEN: usize = 64;
/// How often a free port is looked for that is free for both.
const TRIES: usize = 20;

/// Starts it; the task ends when it is aborted.
pub(super) fn start(
    wanted: SocketAddr,
    shared: Shared,
) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let (udp, tcp) = sockets(wanted)?;
    let address = tcp.local_addr()?;
    udp.set_nonblocking(true)?;
    tcp.set_nonblocking(true)?;
    let udp = tokio::net::UdpSocket::from_std(udp)?;
    let tcp = tokio::net::TcpListener::from_std(tcp)?;
    let task = tokio::spawn(async move {
        tokio::join!(datagrams(udp, shared.clone()), connections(tcp, shared));
    });
    Ok((address, task))
}

/// A port that the system gives for TCP may be taken for UDP.
fn sockets(wanted: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let tcp = TcpListener::bind(wanted)?;
        match UdpSocket::bind(tcp.local_addr()?) {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if wanted.port() != 0 || tries == TRIES => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

async fn datagrams(socket: tokio::net::UdpSocket, shared: Shared) {
    let mut packet = [0; MOST];
    loop {
        let Ok((length, client)) = socket.recv_from(&mut packet).await else {
            // A client that has gone away: the next one asks.
            tokio::task::yield_now().await;
            continue;
        };
        let told = shared.with(|world| zone::serve(world, &packet[..length], true));
        if let Some(told) = told {
            // Whoever asked may be gone.
            let _ = socket.send_to(&told, client).await;
        }
    }
}

async fn connections(listener: tokio::net::TcpListener, shared: Shared) {
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        if open.len() >= MOST_OPEN {
            open.join_next().await;
        }
        if let Ok((stream, _)) = listener.accept().await {
            open.spawn(connection(stream, shared.clone()));
        }
    }
}

/// Questions with their lengths before them, until the client has no more.
async fn connection(mut stream: TcpStream, shared: Shared) {
    while let Ok(Ok(length)) = timeout(IDLE, stream.read_u16()).await {
        let mut packet = vec![0; usize::from(length)];
        if !matches!(
            timeout(IDLE, stream.read_exact(&mut packet)).await,
            Ok(Ok(_))
        ) {
            return;
        }
        let Some(mut told) = shared.with(|world| zone::serve(world, &packet, false)) else {
            continue;
        };
        told.truncate(usize::from(u16::MAX));
        let mut whole = (told.len() as u16).to_be_bytes().to_vec();
        whole.append(&mut told);
        if stream.write_all(&whole).await.is_err() {
            return;
        }
    }
}
