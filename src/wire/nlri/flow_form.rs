//! In which form FlowSpec rules are written to a neighbor.

/// How rules are written to a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowForm {
    /// Behind an offset an IPv6 prefix stands whole, where RFC 8956 §3.1 leaves out the bits before it.
    pub whole_prefix: bool,
    /// A path identifier of 0 stands within each prefix; an IPv6 one is then whole.
    pub identifier_inside: bool,
}
