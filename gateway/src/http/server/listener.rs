//! Sockets: several of ours may share the port, another process may not.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::exit::{Exit, Stop};

/// Connections that the kernel accepts ahead of us; it takes its own limit when that is lower.
const BACKLOG: i32 = 4096;

/// Takes `address` once per thread and tells the port that was found.
pub(super) fn bind_all(
    address: SocketAddr,
    threads: usize,
) -> Result<(Vec<Socket>, SocketAddr), Stop> {
    let found = probe(address).map_err(|error| refused(address, &error))?;
    let sockets: io::Result<Vec<Socket>> = (0..threads.max(1)).map(|_| shared(found)).collect();
    Ok((sockets.map_err(|error| refused(found, &error))?, found))
}

/// Begins to listen.
pub(super) fn listen(socket: Socket, address: SocketAddr) -> Result<std::net::TcpListener, Stop> {
    socket.listen(BACKLOG).map_err(|error| refused(address, &error))?;
    Ok(socket.into())
}

/// A shared port could be shared with a stranger too (another onhand of the same user), and both
/// would get half of the requests. So it is taken alone first, which fails when anybody listens.
fn probe(address: SocketAddr) -> io::Result<SocketAddr> {
    let alone = socket(address)?;
    alone.bind(&address.into())?;
    alone.listen(1)?;
    let found = alone.local_addr()?.as_socket();
    found.ok_or_else(|| io::Error::other("the address is not an IP address"))
}

fn shared(address: SocketAddr) -> io::Result<Socket> {
    let shared = socket(address)?;
    shared.set_reuse_port(true)?;
    shared.bind(&address.into())?;
    Ok(shared)
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of an earlier run that the kernel still remembers do not block the port.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn refused(address: SocketAddr, error: &io::Error) -> Stop {
    let exit = match error.kind() {
        io::ErrorKind::AddrInUse => Exit::AddressInUse,
        _ => Exit::AddressUnusable,
    };
    Stop::new(exit, format!("cannot listen at {address}: {error}"))
}
