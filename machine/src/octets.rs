//! Octets in queues, moved as blocks.

use std::collections::VecDeque;

/// Moves the first octets of a queue to where they are wanted: no more than fit there, and no more than `most`.
pub(crate) fn take_front(queue: &mut VecDeque<u8>, into: &mut [u8], most: usize) -> usize {
    let count = queue.len().min(into.len()).min(most);
    let (front, back) = queue.as_slices();
    let of_front = front.len().min(count);
    let (first, second) = into[..count].split_at_mut(of_front);
    first.copy_from_slice(&front[..of_front]);
    second.copy_from_slice(&back[..count - of_front]);
    queue.drain(..count);
    count
}

/// A copy of what a queue holds from a place on, of no more than so many octets.
pub(crate) fn copy_from(queue: &VecDeque<u8>, from: usize, most: usize) -> Vec<u8> {
    let (front, back) = queue.as_slices();
    let end = queue.len().min(from.saturating_add(most));
    let mut copy = Vec::with_capacity(end.saturating_sub(from));
    copy.extend_from_slice(front.get(from..end.min(front.len())).unwrap_or_default());
    let behind = from.saturating_sub(front.len())..end.saturating_sub(front.len());
    copy.extend_from_slice(back.get(behind).unwrap_or_default());
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_moved_in_order_across_the_end_of_the_ring_and_no_more_than_fit() {
        let mut queue = VecDeque::with_capacity(8);
        queue.extend([0; 6]);
        queue.drain(..6);
        queue.extend(1..=7);
        let mut into = [0; 10];
        assert_eq!(take_front(&mut queue, &mut into[..2], 9), 2);
        assert_eq!(take_front(&mut queue, &mut into[2..], 4), 4);
        assert_eq!((into, queue.len()), ([1, 2, 3, 4, 5, 6, 0, 0, 0, 0], 1));
    }

    #[test]
    fn a_copy_begins_where_it_is_told_to_and_leaves_the_queue_alone() {
        let mut queue = VecDeque::with_capacity(8);
        queue.extend([0; 6]);
        queue.drain(..6);
        queue.extend(1..=6);
        for from in 0..=7 {
            for most in [0, 1, 2, 5, usize::MAX] {
                let wanted: Vec<u8> = queue.iter().skip(from).take(most).copied().collect();
                assert_eq!(copy_from(&queue, from, most), wanted, "{most} from {from}");
            }
        }
    }
}
