//! Chance that can be had again: what a seed decides.

pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    /// Once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// Some of them, in their order.
    pub(crate) fn some<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> Vec<&'a T> {
        from.iter().filter(|_| self.once_in(3)).copied().collect()
    }

    /// Octets cut into pieces of chance, short ones often.
    pub(crate) fn pieces<'a>(&mut self, mut octets: &'a [u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !octets.is_empty() {
            let most = if self.once_in(2) { 7 } else { 900 };
            let (piece, rest) = octets.split_at(octets.len().min(1 + self.below(most)));
            pieces.push(piece);
            octets = rest;
        }
        pieces
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
