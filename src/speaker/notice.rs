//! What sessions tell API programs.

use core::cell::OnceCell;

use holdtime_host::Signal;

use crate::session::State;
use crate::wire::update::UpdateView;
use crate::wire::{Message, Negotiated, Open};

/// Something that happened on a neighbor's session. Which programs hear of it, and how it is written, is the API's part.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// A TCP connection is up.
    Connected,
    /// The session is established.
    Up,
    /// The session, or an attempt at one that had got as far as a connection, is over.
    Down {
        /// Why, as a clause.
        reason: &'a str,
    },
    /// The state changed; of two connections the one further along counts.
    State {
        /// Where the neighbor stands now.
        state: State,
    },
    /// Both OPENs are here.
    Negotiated {
        /// Ours.
        sent: &'a Open,
        /// The peer's.
        received: &'a Open,
        /// What they agreed on.
        negotiated: &'a Negotiated,
    },
    /// A whole message was received, or handed to the connection.
    Message {
        /// Whether we sent it.
        sent: bool,
        /// Its type.
        kind: u8,
        /// All of it, header included.
        octets: &'a [u8],
        /// What is in it.
        content: MessageContent<'a>,
        /// What holds for its contents.
        negotiated: &'a Negotiated,
    },
    /// The process was signalled, or a command asked for what a signal would.
    Signal(Option<Signal>),
}

/// What is in a message, as far as it is known already.
#[derive(Clone, Copy, Debug)]
pub enum MessageContent<'a> {
    /// A received message that nobody has looked into yet.
    Undecoded,
    /// What we have packed: octets that nothing but a decoder makes a message of again. With the terms as the peer reads them, made once
    /// for all that was packed together, and only where a program is told what is inside.
    Packed(&'a OnceCell<Negotiated>),
    /// A received UPDATE.
    Update(&'a UpdateView<'a>),
    /// It cannot be read.
    Unreadable,
    /// What we have written.
    Message(&'a Message),
}
