//! Messages and configurations in and out: `decode`, `encode`.

pub(crate) mod decode;
pub(crate) mod encode;
