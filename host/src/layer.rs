//! A host around another host.
//!
//! A layer says which host is inside and replaces the calls that it is about; every other call goes through. Import these traits
//! where a layer is defined and nowhere else: their methods have the names of [`Host`]'s.

use alloc::vec::Vec;
use core::future::Future;
use core::net::{IpAddr, SocketAddr};

use crate::time::{Instant, Now};
use crate::{
    AsyncHost, CloseKind, ConfigText, Ends, ExitStatus, Host, IoError, KeyChange, ListenOptions, ListenerId,
    PipePaths, ProgramSignal, ProgramSpec, Ready, Signal, StreamId, TcpOptions,
};

/// Declares the calls that take `&self` and return at once, in the trait [`Layer`] and in [`Host`] for every layer.
macro_rules! calls {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        /// A host around another one. What is not replaced is passed on.
        pub trait Layer {
            /// The host inside.
            type Inner: Host;

            /// The host inside.
            fn inner(&self) -> &Self::Inner;

            $($(#[$doc])* fn $name(&self, $($argument: $type),*) $(-> $result)? { self.inner().$name($($argument),*) })*

            /// [`Host::farewell`]
            fn farewell(&self) -> impl Future<Output = ()> {
                self.inner().farewell()
            }

            /// [`Host::wait`]
            fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> impl Future<Output = Now> {
                self.inner().wait(deadline, ready)
            }
        }

        impl<L: Layer> Host for L {
            $(fn $name(&self, $($argument: $type),*) $(-> $result)? { Layer::$name(self, $($argument),*) })*

            fn farewell(&self) -> impl Future<Output = ()> {
                Layer::farewell(self)
            }

            fn wait(&self, deadline: Option<Instant>, ready: &mut Vec<Ready>) -> impl Future<Output = Now> {
                Layer::wait(self, deadline, ready)
            }
        }
    };
}

calls! {
    /// [`Host::now`]
    fn now() -> Now;
    /// [`Host::listen`]
    fn listen(listener: ListenerId, address: SocketAddr, options: &ListenOptions) -> Result<SocketAddr, IoError>;
    /// [`Host::unlisten`]
    fn unlisten(listener: ListenerId);
    /// [`Host::set_accepting`]
    fn set_accepting(listener: ListenerId, wanted: bool);
    /// [`Host::accept`]
    fn accept(listener: ListenerId, stream: StreamId) -> Result<Ends, IoError>;
    /// [`Host::connect`]
    fn connect(stream: StreamId, local: Option<IpAddr>, remote: SocketAddr, options: &TcpOptions) -> Result<(), IoError>;
    /// [`Host::finish_connect`]
    fn finish_connect(stream: StreamId) -> Result<Ends, IoError>;
    /// [`Host::set_interest`]
    fn set_interest(stream: StreamId, read: bool, write: bool);
    /// [`Host::read`]
    fn read(stream: StreamId, into: &mut [u8]) -> Result<usize, IoError>;
    /// [`Host::write`]
    fn write(stream: StreamId, bytes: &[u8]) -> Result<usize, IoError>;
    /// [`Host::shutdown`]
    fn shutdown(stream: StreamId);
    /// [`Host::close`]
    fn close(stream: StreamId, how: CloseKind);
    /// [`Host::start_program`]
    fn start_program(stream: StreamId, spec: &ProgramSpec) -> Result<u32, IoError>;
    /// [`Host::set_ttl`]
    fn set_ttl(stream: StreamId, ttl: Option<u8>, min_ttl: Option<u8>);
    /// [`Host::set_keys`]
    fn set_keys(stream: StreamId, change: &KeyChange) -> Result<(), IoError>;
    /// [`Host::signal_program`]
    fn signal_program(stream: StreamId, signal: ProgramSignal);
    /// [`Host::open_pipes`]
    fn open_pipes(stream: StreamId, paths: &PipePaths) -> Result<(), IoError>;
    /// [`Host::read_config`]
    fn read_config(name: &str) -> Result<ConfigText, IoError>;
    /// [`Host::started`]
    fn started();
    /// [`Host::computed`]
    fn computed(routes: u64);
}

/// A layer around a host on which tasks wait. What is not replaced is passed on.
pub trait AsyncLayer: Layer<Inner: AsyncHost> {
    /// [`AsyncHost::readable`]
    fn readable(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>> {
        self.inner().readable(stream)
    }

    /// [`AsyncHost::writable`]
    fn writable(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>> {
        self.inner().writable(stream)
    }

    /// [`AsyncHost::connected`]
    fn connected(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>> {
        self.inner().connected(stream)
    }

    /// [`AsyncHost::acceptable`]
    fn acceptable(&self, listener: ListenerId) -> impl Future<Output = Result<(), IoError>> {
        self.inner().acceptable(listener)
    }

    /// [`AsyncHost::exited`]
    fn exited(&self, stream: StreamId) -> impl Future<Output = ExitStatus> {
        self.inner().exited(stream)
    }

    /// [`AsyncHost::signalled`]
    fn signalled(&self) -> impl Future<Output = Signal> {
        self.inner().signalled()
    }

    /// [`AsyncHost::sleep_until`]
    fn sleep_until(&self, deadline: Instant) -> impl Future<Output = ()> {
        self.inner().sleep_until(deadline)
    }
}

impl<L: AsyncLayer + Clone + 'static> AsyncHost for L {
    type Task = <L::Inner as AsyncHost>::Task;

    fn spawn(&self, task: impl Future<Output = ()> + 'static) -> Self::Task {
        self.inner().spawn(task)
    }

    fn readable(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>> {
        AsyncLayer::readable(self, stream)
    }

    fn writable(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>> {
        AsyncLayer::writable(self, stream)
    }

    fn connected(&self, stream: StreamId) -> impl Future<Output = Result<(), IoError>> {
        AsyncLayer::connected(self, stream)
    }

    fn acceptable(&self, listener: ListenerId) -> impl Future<Output = Result<(), IoError>> {
        AsyncLayer::acceptable(self, listener)
    }

    fn exited(&self, stream: StreamId) -> impl Future<Output = ExitStatus> {
        AsyncLayer::exited(self, stream)
    }

    fn signalled(&self) -> impl Future<Output = Signal> {
        AsyncLayer::signalled(self)
    }

    fn sleep_until(&self, deadline: Instant) -> impl Future<Output = ()> {
        AsyncLayer::sleep_until(self, deadline)
    }
}
