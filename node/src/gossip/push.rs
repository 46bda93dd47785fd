//! The protocol on one stream: a message, and its acknowledgement.
//!
//! Messages are decoded here, in the task of the connection that they came by, and not in the one
//! task that all connections share.

use super::message::{statements_frame, Message};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use hefu_types::canonical::{self, DecodeError};
use hefu_types::NetworkDigest;
use libp2p::{request_response, StreamProtocol};
use std::io;

/// The acknowledgement: an empty array.
const ACK: [u8; 1] = [0x80];

/// The protocol's name in a network.
pub(super) fn protocol(network: &NetworkDigest) -> StreamProtocol {
    let name = format!("/hefu/{}/push/0", hex::encode(&network.0[..16]));
    StreamProtocol::try_from_owned(name).expect("it begins with a slash")
}

/// A message on its way.
#[derive(Debug)]
pub(super) enum Parcel {
    /// Going out: encoded statements, to be put into one message.
    Statements(Vec<Bytes>),
    /// Going out: an encoded message.
    Sealed(Bytes),
    /// Come in: the message, and how many bytes it had.
    Opened(Message, usize),
    /// Come in: bytes that are no message. It is a parcel and no error, because an error would not
    /// tell whose fault it is.
    Unreadable(DecodeError),
}

/// The peer has taken the message.
#[derive(Debug)]
pub(super) struct Ack;

/// Reads and writes parcels.
#[derive(Clone)]
pub(super) struct Codec {
    pub(super) message_bytes_max: usize,
}

#[async_trait]
impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Parcel;
    type Response = Ack;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Parcel>
    where
        T: AsyncRead + Unpin + Send,
    {
        // One byte more than is allowed, so that decoding sees that it is too long.
        let mut bytes = Vec::new();
        io.take(self.message_bytes_max as u64 + 1)
            .read_to_end(&mut bytes)
            .await?;
        Ok(match canonical::decode(&bytes, self.message_bytes_max) {
            Ok(message) => Parcel::Opened(message, bytes.len()),
            Err(error) => Parcel::Unreadable(error),
        })
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Ack>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.take(ACK.len() as u64 + 1)
            .read_to_end(&mut bytes)
            .await?;
        if bytes != ACK {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "not an acknowledgement",
            ));
        }
        Ok(Ack)
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        parcel: Parcel,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match parcel {
            Parcel::Statements(statements) => {
                io.write_all(&statements_frame(statements.iter().map(|bytes| &bytes[..])))
                    .await
            }
            Parcel::Sealed(bytes) => io.write_all(&bytes).await,
            Parcel::Opened(..) | Parcel::Unreadable(_) => {
                unreachable!("what came in is not sent on")
            }
        }
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, _: Ack) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&ACK).await
    }
}
