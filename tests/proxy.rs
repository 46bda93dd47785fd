//! A TCP link that can be cut and healed while both ends run.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A port of its own that leads to another one, as long as the link is whole.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    inner: Arc<Inner>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Inner {
    to: SocketAddr,
    ended: AtomicBool,
    refused: AtomicU64,
    /// Both ends of each connection; none while the link is cut.
    connections: Mutex<Option<Vec<TcpStream>>>,
}

impl Link {
    /// A link to an address.
    pub fn new(to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            to,
            ended: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            connections: Mutex::new(Some(Vec::new())),
        });
        let accepting = Arc::clone(&inner);
        let accepting = std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                if accepting.ended.load(Ordering::Acquire) {
                    return;
                }
                // A connection that fails is like one that was cut: who dialled dials again.
                let _ = accepting.connect(socket);
            }
        });
        Ok(Self {
            address,
            inner,
            accepting: Some(accepting),
        })
    }

    /// Where it is dialled.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections, and refuses new ones until it is healed.
    pub fn cut(&self) {
        for socket in self.inner.connections().take().into_iter().flatten() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Lets connections through again.
    pub fn heal(&self) {
        self.inner.connections().get_or_insert_default();
    }

    /// How many connections it refused.
    pub fn refused(&self) -> u64 {
        self.inner.refused.load(Ordering::Acquire)
    }
}

impl Inner {
    fn connections(&self) -> MutexGuard<'_, Option<Vec<TcpStream>>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self, from: TcpStream) -> io::Result<()> {
        // Held until both ends are known: a cut comes before or after, never between.
        let mut connections = self.connections();
        let Some(connections) = connections.as_mut() else {
            self.refused.fetch_add(1, Ordering::AcqRel);
            return Ok(());
        };
        let to = TcpStream::connect(self.to)?;
        for (from, to) in [
            (from.try_clone()?, to.try_clone()?),
            (to.try_clone()?, from.try_clone()?),
        ] {
            std::thread::spawn(move || carry(from, to));
        }
        connections.extend([from, to]);
        Ok(())
    }
}

/// Carries bytes one way until an end is closed, and closes the other.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

impl Drop for Link {
    fn drop(&mut self) {
        self.inner.ended.store(true, Ordering::Release);
        self.cut();
        // Wakes the thread that accepts, which then sees that it is over.
        let woken = TcpStream::connect(self.address).is_ok();
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            let _ = accepting.join();
        }
    }
}
