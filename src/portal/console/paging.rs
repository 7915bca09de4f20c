//! Long lists, a page at a time.

/// Rows of one page.
pub(super) const PAGE_ROWS: usize = 100;

/// A page of a list whose length is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1 on.
    pub(super) page: usize,
    pub(super) pages: usize,
}

impl Place {
    /// The page that is wanted, or the nearest there is.
    pub(super) fn of(wanted: usize, rows: usize) -> Self {
        let pages = rows.div_ceil(PAGE_ROWS).max(1);
        Self { page: wanted.clamp(1, pages), pages }
    }

    /// Its rows.
    pub(super) fn cut<T>(self, rows: &[T]) -> &[T] {
        let begins = self.page.saturating_sub(1).saturating_mul(PAGE_ROWS).min(rows.len());
        let ends = begins.saturating_add(PAGE_ROWS).min(rows.len());
        rows.get(begins..ends).unwrap_or_default()
    }

    pub(super) fn before(self) -> Option<usize> {
        (self.page > 1).then(|| self.page.saturating_sub(1))
    }

    pub(super) fn after(self) -> Option<usize> {
        (self.page < self.pages).then(|| self.page.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_on_one_page() {
        for count in [0, 1, 99, 100, 101, 250] {
            let rows: Vec<usize> = (0..count).collect();
            let pages = Place::of(1, count).pages;
            let all: Vec<usize> = (1..=pages).flat_map(|page| Place::of(page, count).cut(&rows).to_vec()).collect();
            assert_eq!(all, rows);
        }
    }

    #[test]
    fn a_page_that_there_is_not_is_the_nearest() {
        assert_eq!(Place::of(0, 250), Place { page: 1, pages: 3 });
        assert_eq!(Place::of(usize::MAX, 250), Place { page: 3, pages: 3 });
        assert_eq!((Place::of(2, 250).before(), Place::of(2, 250).after()), (Some(1), Some(3)));
        assert_eq!((Place::of(1, 0).before(), Place::of(1, 0).after()), (None, None));
    }
}
