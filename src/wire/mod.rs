//! BGP on the wire: messages, capabilities, path attributes and NLRI. Imports nothing of ours.
