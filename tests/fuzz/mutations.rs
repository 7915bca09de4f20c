//! Changes to inputs that are known to be good, the same ones at every run: no coverage, only blind diligence.

/// An input grows no longer than this; the limits to be tested lie below.
const OCTETS_MAX: usize = 8192;

/// Values at which length and count fields break.
const INTERESTING: [u8; 12] = [0, 1, 2, 3, 5, 16, 20, 26, 80, 127, 128, 255];

pub(crate) struct Mutations {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

impl Mutations {
    pub(crate) fn of(corpus: Vec<Vec<u8>>) -> Self {
        Self { state: 0x7665_7374_6962_756c, corpus }
    }

    /// Another input: one of the corpus with a few changes.
    pub(crate) fn another(&mut self) -> Vec<u8> {
        let mut input = self.pick();
        for _ in 0..=self.below(6) {
            self.change(&mut input);
        }
        input.truncate(OCTETS_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len());
        let until = at + self.below(input.len() - at + 1).min(64);
        match self.below(8) {
            0 => flip(input, at, self.below(8)),
            1 => set(input, at, INTERESTING[self.below(INTERESTING.len())]),
            2 => set(input, at, self.octet()),
            3 => input.insert(at, self.octet()),
            4 => drop(input.drain(at..until)),
            5 => input.extend_from_within(at..until),
            6 => input.truncate(at),
            _ => {
                let other = self.pick();
                let from = self.below(other.len());
                input.splice(at..until, other[from..].iter().copied().take(64));
            }
        }
    }

    fn pick(&mut self) -> Vec<u8> {
        let number = self.below(self.corpus.len());
        self.corpus.get(number).cloned().unwrap_or_default()
    }

    fn octet(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// A number below `limit`; 0 if there is none.
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

fn flip(input: &mut [u8], at: usize, bit: usize) {
    if let Some(octet) = input.get_mut(at) {
        *octet ^= 1 << bit;
    }
}

fn set(input: &mut [u8], at: usize, value: u8) {
    if let Some(octet) = input.get_mut(at) {
        *octet = value;
    }
}
