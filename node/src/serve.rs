//! HTTP connections: how many there may be, and how long each may take.
//!
//! A connection costs memory and a file handle from its first byte on, so their number is bounded, for
//! each address and for all. Who connects and is silent, sends a header byte by byte, or never reads
//! what it is answered, holds its place for a bounded time.

use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{service_fn, Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// How many connections there may be, and how long each may take.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The most at once. Further ones wait to be accepted.
    pub connections_max: usize,
    /// The most of one address. Further ones are closed at once.
    pub of_address_max: usize,
    /// How long a header may take to arrive; thus also how long a connection may be idle.
    pub header_timeout: Duration,
    /// After this time a connection ends as soon as its request is answered.
    pub age_max: Duration,
    /// How long that answer may take.
    pub last_answer_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            of_address_max: 128,
            header_timeout: Duration::from_secs(20),
            age_max: Duration::from_secs(300),
            last_answer_timeout: Duration::from_secs(60),
        }
    }
}

/// Whom a request is charged to: an IPv4 address, or the network that one subscriber of IPv6 has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// Of a connection's other end.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            v4 => v4,
        })
    }
}

/// Serves for ever.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits) {
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let places_of = Arc::new(PlacesOf::default());
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let place = place.expect("nobody closes the semaphore");
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file handles, or a connection that was gone before it was accepted.
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(of_address) = PlacesOf::take(&places_of, address, limits.of_address_max) else {
            continue;
        };
        let connection = connection(stream, address, router.clone(), limits);
        tokio::spawn(async move {
            connection.await;
            drop((place, of_address));
        });
    }
}

fn connection(
    stream: TcpStream,
    address: SocketAddr,
    router: Router,
    limits: ConnectionLimits,
) -> impl Future<Output = ()> {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        router.call(request)
    });
    async move {
        // An answer is small and wanted at once.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            // However it ended: the other end knows as much as we.
            _ = connection.as_mut() => {}
            () = tokio::time::sleep(limits.age_max) => {
                connection.as_mut().graceful_shutdown();
                let _ = tokio::time::timeout(limits.last_answer_timeout, connection).await;
            }
        }
    }
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct PlacesOf(Mutex<HashMap<Source, usize>>);

/// The place of one connection, given back when it is dropped.
struct PlaceOf {
    places: Arc<PlacesOf>,
    source: Source,
}

impl PlacesOf {
    fn take(places: &Arc<Self>, address: SocketAddr, most: usize) -> Option<PlaceOf> {
        let source = Source::of(address.ip());
        let mut taken = places.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_source = taken.entry(source).or_default();
        if *of_source >= most {
            return None;
        }
        *of_source += 1;
        let places = Arc::clone(places);
        Some(PlaceOf { places, source })
    }
}

impl Drop for PlaceOf {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_source) = taken.get_mut(&self.source) {
            *of_source -= 1;
            if *of_source == 0 {
                taken.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const DEADLINE: Duration = Duration::from_secs(30);

    async fn serving(limits: ConnectionLimits) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let who = |ConnectInfo(from): ConnectInfo<SocketAddr>| async move { from.ip().to_string() };
        let router = Router::new().route("/", get(who));
        tokio::spawn(serve(listener, router, limits));
        address
    }

    /// What comes until the other end closes.
    async fn read_all(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes));
        // A reset is an end as well.
        let _ = read.await.expect("closed within the deadline");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    async fn ask(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        read_all(&mut stream).await
    }

    #[tokio::test]
    async fn who_is_silent_or_slow_is_shown_the_door_and_others_are_served() {
        let limits = ConnectionLimits {
            header_timeout: Duration::from_millis(200),
            ..ConnectionLimits::default()
        };
        let address = serving(limits).await;
        let mut silent = TcpStream::connect(address).await.expect("it listens");
        let mut slow = TcpStream::connect(address).await.expect("it listens");
        slow.write_all(b"GET / HTTP/1.1\r\nx-slow: ")
            .await
            .expect("sent");
        let answer = ask(address).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
        assert!(!read_all(&mut silent).await.contains("200"));
        assert!(!read_all(&mut slow).await.contains("200"));
    }

    #[tokio::test]
    async fn connections_are_bounded_for_each_address_and_for_all() {
        let limits = ConnectionLimits {
            connections_max: 3,
            of_address_max: 2,
            ..ConnectionLimits::default()
        };
        let address = serving(limits).await;
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
            stream.write_all(request).await.expect("sent");
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.expect("answered");
            assert_eq!(&first, b"HTTP/1.1 200");
            held.push(stream);
        }
        assert_eq!(ask(address).await, "", "the third of one address");
        held.pop();
        // As soon as the server has noticed.
        let again = async { while ask(address).await.is_empty() {} };
        tokio::time::timeout(DEADLINE, again)
            .await
            .expect("there is room again");
    }

    #[tokio::test]
    async fn a_connection_grows_only_so_old() {
        let limits = ConnectionLimits {
            age_max: Duration::from_millis(200),
            last_answer_timeout: Duration::from_millis(200),
            ..ConnectionLimits::default()
        };
        let address = serving(limits).await;
        let mut stream = TcpStream::connect(address).await.expect("it listens");
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    #[test]
    fn a_subscriber_of_ipv6_is_one_source() {
        let of = |text: &str| Source::of(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::5"), of("2001:db8:1:2:ffff::6"));
        assert_ne!(of("2001:db8:1:2::5"), of("2001:db8:1:3::5"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.2"), of("192.0.2.1"));
    }
}
