//! The attributes of a route as a set: one of each type, in the order of their codes.

use alloc::vec::Vec;

use super::{
    Aggregator, Aigp, AsPath, Attribute, AttributeCode, Community, ExtendedCommunity, LargeCommunity, Origin,
};

/// A route's attributes, ordered by type code, at most one of each. Two equal sets may share an UPDATE, so it serves
/// as the key that groups routes; behind an [`Arc`](alloc::sync::Arc) it costs nothing to share.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attributes {
    sorted: Vec<Attribute>,
}

impl Attributes {
    /// No attributes.
    pub const fn new() -> Self {
        Self { sorted: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Adds `attribute`; one of the same type makes room for it and is returned.
    pub fn insert(&mut self, attribute: Attribute) -> Option<Attribute> {
        match self.position(attribute.code()) {
            Ok(at) => self.sorted.get_mut(at).map(|old| core::mem::replace(old, attribute)),
            Err(at) => {
                self.sorted.insert(at, attribute);
                None
            }
        }
    }

    /// Removes and returns the attribute of this type.
    pub fn remove(&mut self, code: AttributeCode) -> Option<Attribute> {
        self.position(code).ok().map(|at| self.sorted.remove(at))
    }

    /// The attribute of this type.
    pub fn get(&self, code: AttributeCode) -> Option<&Attribute> {
        self.sorted.get(self.position(code).ok()?)
    }

    /// The attribute of this type, to change in place; do not change its type.
    pub fn get_mut(&mut self, code: AttributeCode) -> Option<&mut Attribute> {
        let at = self.position(code).ok()?;
        self.sorted.get_mut(at)
    }

    /// Every attribute, by ascending type code.
    pub fn iter(&self) -> core::slice::Iter<'_, Attribute> {
        self.sorted.iter()
    }

    fn position(&self, code: AttributeCode) -> Result<usize, usize> {
        self.sorted.binary_search_by_key(&code, Attribute::code)
    }
}

impl<'a> IntoIterator for &'a Attributes {
    type Item = &'a Attribute;
    type IntoIter = core::slice::Iter<'a, Attribute>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<Attribute> for Attributes {
    /// Of two attributes of one type the later counts.
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        let mut set = Self::new();
        set.extend(attributes);
        set
    }
}

impl Extend<Attribute> for Attributes {
    fn extend<I: IntoIterator<Item = Attribute>>(&mut self, attributes: I) {
        for attribute in attributes {
            self.insert(attribute);
        }
    }
}

/// Shortcuts to what is asked for most.
impl Attributes {
    /// ORIGIN
    pub fn origin(&self) -> Option<Origin> {
        match self.get(AttributeCode::ORIGIN)? {
            Attribute::Origin(origin) => Some(*origin),
            _ => None,
        }
    }

    /// AS_PATH
    pub fn as_path(&self) -> Option<&AsPath> {
        match self.get(AttributeCode::AS_PATH)? {
            Attribute::AsPath(path) => Some(path),
            _ => None,
        }
    }

    /// MULTI_EXIT_DISC
    pub fn med(&self) -> Option<u32> {
        match self.get(AttributeCode::MED)? {
            Attribute::Med(med) => Some(*med),
            _ => None,
        }
    }

    /// LOCAL_PREF
    pub fn local_pref(&self) -> Option<u32> {
        match self.get(AttributeCode::LOCAL_PREF)? {
            Attribute::LocalPref(preference) => Some(*preference),
            _ => None,
        }
    }

    /// AGGREGATOR
    pub fn aggregator(&self) -> Option<Aggregator> {
        match self.get(AttributeCode::AGGREGATOR)? {
            Attribute::Aggregator(aggregator) => Some(*aggregator),
            _ => None,
        }
    }

    /// COMMUNITIES; empty where there are none.
    pub fn communities(&self) -> &[Community] {
        match self.get(AttributeCode::COMMUNITIES) {
            Some(Attribute::Communities(communities)) => communities,
            _ => &[],
        }
    }

    /// EXTENDED_COMMUNITIES; empty where there are none.
    pub fn extended_communities(&self) -> &[ExtendedCommunity] {
        match self.get(AttributeCode::EXTENDED_COMMUNITIES) {
            Some(Attribute::ExtendedCommunities(communities)) => communities,
            _ => &[],
        }
    }

    /// LARGE_COMMUNITY; empty where there are none.
    pub fn large_communities(&self) -> &[LargeCommunity] {
        match self.get(AttributeCode::LARGE_COMMUNITIES) {
            Some(Attribute::LargeCommunities(communities)) => communities,
            _ => &[],
        }
    }

    /// AIGP
    pub fn aigp(&self) -> Option<&Aigp> {
        match self.get(AttributeCode::AIGP)? {
            Attribute::Aigp(aigp) => Some(aigp),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_ordered_by_code_whatever_the_order_of_insertion() {
        let forward: Attributes =
            [Attribute::Origin(Origin::Igp), Attribute::Med(5), Attribute::LocalPref(7)]
                .into_iter()
                .collect();
        let backward: Attributes =
            [Attribute::LocalPref(7), Attribute::Med(5), Attribute::Origin(Origin::Igp)]
                .into_iter()
                .collect();
        assert_eq!(forward, backward);
        assert_eq!(forward.iter().map(|a| a.code().0).collect::<Vec<_>>(), [1, 4, 5]);
    }

    #[test]
    fn an_attribute_inserted_twice_replaces_the_first() {
        let mut attributes = Attributes::new();
        assert_eq!(attributes.insert(Attribute::Med(1)), None);
        assert_eq!(attributes.insert(Attribute::Med(2)), Some(Attribute::Med(1)));
        assert_eq!((attributes.len(), attributes.med()), (1, Some(2)));
    }
}
