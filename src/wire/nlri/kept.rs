//! NLRI that are kept as they stand on the wire.
//!
//! Most families define route types that grow with time, and a route of a type that nobody knows yet must survive being
//! received and sent again. Their owned form is therefore the octets; what a route says is read from them, field by field, by the same
//! parser that checked them when they came in.

/// Defines an owned NLRI and its view, both around the octets of the wire, length included. `$Fields::parse` takes one NLRI off a
/// reader and checks all of it. `[afi]`
/// where the family exists for IPv4 and IPv6, `[]` where it has one address family only.
macro_rules! kept_nlri {
    ($(#[$owned_doc:meta])* $Owned:ident, $(#[$view_doc:meta])* $View:ident, $Fields:ident, [$($afi:ident)?]) => {
        $(#[$owned_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Owned {
            $(/// IPv4 or IPv6.
            pub $afi: Afi,)?
            /// The NLRI, all of it.
            pub bytes: Box<[u8]>,
        }

        impl $Owned {
            /// The NLRI as a view.
            pub fn view(&self) -> $View<'_> {
                $View { $($afi: self.$afi,)? bytes: &self.bytes }
            }

            /// Writes it.
            pub(super) fn encode(&self, out: &mut Writer<'_>) -> Result<(), BufferFull> {
                out.bytes(&self.bytes)
            }
        }

        $(#[$view_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $View<'a> {
            $(/// IPv4 or IPv6.
            pub $afi: Afi,)?
            /// The NLRI, all of it.
            pub bytes: &'a [u8],
        }

        impl<'a> $View<'a> {
            /// Reads one.
            #[inline]
            pub(super) fn parse(reader: &mut Reader<'a>, $($afi: Afi)?) -> Result<Self, Malformed> {
                let mut ahead = *reader;
                $Fields::parse(&mut ahead, $($afi)?)?;
                let bytes = reader.bytes(reader.len() - ahead.len())?;
                Ok(Self { $($afi,)? bytes })
            }

            /// What it says.
            #[inline]
            pub fn fields(&self) -> $Fields<'a> {
                $Fields::parse(&mut Reader::new(self.bytes, 0), $(self.$afi)?).unwrap_or($Fields::Unknown(self.bytes))
            }
        }

        impl From<$View<'_>> for $Owned {
            fn from(view: $View<'_>) -> Self {
                Self { $($afi: view.$afi,)? bytes: view.bytes.into() }
            }
        }
    };
}

pub(super) use kept_nlri;
