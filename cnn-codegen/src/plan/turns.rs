//! Memory that is used in turns: whatever nobody will read again makes room.

/// Something that needs memory for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// How many values it has.
    pub length: usize,
    /// When it is written.
    pub first: usize,
    /// When it is last read.
    pub last: usize,
}

/// After this, each tenant has a buffer that it shares with nobody while it is there. They come in the order of `first`.
///
/// Of the buffers that are free it takes the one whose length is most like its own.
pub fn places(tenants: &[Tenant]) -> Vec<usize> {
    // The length of each buffer, and when its tenant is last read.
    let mut buffers: Vec<(usize, usize)> = Vec::new();
    let place = |tenant: &Tenant| {
        let &Tenant {
            length,
            first,
            last,
        } = tenant;
        let free = (0..buffers.len()).filter(|&buffer| buffers[buffer].1 < first);
        let place = free
            .min_by_key(|&buffer| length.abs_diff(buffers[buffer].0))
            .unwrap_or(buffers.len());
        if place == buffers.len() {
            buffers.push((length, last));
        }
        buffers[place] = (buffers[place].0.max(length), last);
        place
    };
    tenants.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_that_meet_live_apart() {
        let tenant = |length, first, last| Tenant {
            length,
            first,
            last,
        };
        let chain = [
            tenant(9, 0, 1),
            tenant(4, 1, 2),
            tenant(5, 2, 3),
            tenant(8, 3, 3),
        ];
        assert_eq!(places(&chain), [0, 1, 0, 1]);
        let kept = [tenant(9, 0, 3), tenant(4, 1, 2), tenant(5, 2, 3)];
        assert_eq!(places(&kept), [0, 1, 2]);
    }
}
