use super::*;
use proptest::prelude::*;

/// Rows of a picture in stored order, and the number of rows delivered.
struct StoredRows(Samples, usize);

impl Rows for StoredRows {
    fn read(&mut self, band: &mut Samples) -> Result<(), PictureError> {
        fn copy<S: Sample>(from: &Raster<S>, to: &mut Raster<S>, first: usize) -> usize {
            for y in 0..to.height() {
                to.row_mut(y).copy_from_slice(from.row(first + y));
            }
            to.height()
        }
        self.1 += match (&self.0, band) {
            (Samples::Eight(from), Samples::Eight(to)) => copy(from, to, self.1),
            (Samples::Sixteen(from), Samples::Sixteen(to)) => copy(from, to, self.1),
            _ => return Err(PictureError::wrong_band()),
        };
        Ok(())
    }

    fn finish(&mut self) -> Result<(), PictureError> {
        Ok(())
    }
}

/// Where the pixel shown at `x`, `y` is stored, according to Exif 2.32, 4.6.4 A: row 0 and column 0 as stored are shown
/// at the top and left (1), top and right (2), bottom and right (3), bottom and left (4), left and top (5), right and
/// top (6), right and bottom (7), left and bottom (8).
fn stored_position(orientation: u8, stored: Size, x: u32, y: u32) -> (u32, u32) {
    let size = upright_size(stored, orientation);
    let (left, right) = (x, size.width - 1 - x);
    let (top, bottom) = (y, size.height - 1 - y);
    match orientation {
        1 => (left, top),
        2 => (right, top),
        3 => (right, bottom),
        4 => (left, bottom),
        5 => (top, left),
        6 => (top, right),
        7 => (bottom, right),
        8 => (bottom, left),
        _ => unreachable!(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn pictures_of_all_orientations_are_delivered_upright(
        width in 1u32..90, height in 1u32..90, channels in 1usize..5, orientation in 1u8..9, band in 1usize..100,
    ) {
        let stored = Size::new(width, height);
        let (size, count) = (upright_size(stored, orientation), stored.pixels() as usize * channels);
        let samples: Vec<u16> = (0..count).map(|at| (at * 40503 % 65521) as u16).collect();
        let raster = Raster::from_samples(width as usize, height as usize, channels, samples).unwrap();
        let eight = raster.map(|sample| sample as u8);
        let mut deep = upright(
            Box::new(StoredRows(Samples::Sixteen(raster.clone()), 0)), stored, channels, Depth::Sixteen, orientation);
        let mut shallow = upright(
            Box::new(StoredRows(Samples::Eight(eight), 0)), stored, channels, Depth::Eight, orientation);
        for first in (0..size.height as usize).step_by(band) {
            let rows = band.min(size.height as usize - first);
            let mut found = Raster::<u16>::new(size.width as usize, rows, channels);
            let mut bytes = Samples::Eight(Raster::new(size.width as usize, rows, channels));
            let mut words = Samples::Sixteen(found.clone());
            deep.read(&mut words).unwrap();
            shallow.read(&mut bytes).unwrap();
            if let Samples::Sixteen(words) = words {
                found = words;
            }
            prop_assert_eq!(bytes, Samples::Eight(found.map(|sample| sample as u8)));
            for y in 0..rows {
                for x in 0..size.width as usize {
                    let (column, row) = stored_position(orientation, stored, x as u32, (first + y) as u32);
                    let expected = &raster.row(row as usize)[column as usize * channels..][..channels];
                    prop_assert_eq!(&found.row(y)[x * channels..][..channels], expected);
                }
            }
        }
        deep.finish().unwrap();
    }
}

#[test]
fn orientation_6_rotates_right_and_8_rotates_left() {
    let stored = Raster::from_samples(3, 2, 1, vec![1u8, 2, 3, 4, 5, 6]).unwrap();
    let mut found = Raster::new(2, 3, 1);
    assert_eq!(fill_upright(&mut found, &stored, 6, 0), Some(3));
    assert_eq!(found.samples(), [4, 1, 5, 2, 6, 3]);
    assert_eq!(fill_upright(&mut found, &stored, 8, 0), Some(3));
    assert_eq!(found.samples(), [3, 6, 2, 5, 1, 4]);
}

#[test]
fn bands_of_the_wrong_shape_are_refused() {
    let stored = Raster::<u8>::new(4, 3, 3);
    assert_eq!(fill_upright(&mut Raster::new(4, 2, 3), &stored, 1, 2), None);
    assert_eq!(fill_upright(&mut Raster::new(4, 1, 3), &stored, 1, 9), None);
    assert_eq!(fill_upright(&mut Raster::new(3, 1, 3), &stored, 1, 0), None);
    assert_eq!(fill_upright(&mut Raster::new(4, 1, 3), &stored, 6, 0), None);
    let mut rows = BufferedRows::new(1, move || Ok(Samples::Eight(stored)));
    assert!(rows.read(&mut Samples::Sixteen(Raster::new(4, 1, 3))).is_err());
}

#[test]
fn failed_decoding_stays_an_error() {
    let mut rows = BufferedRows::new(1, || Err(PictureError::Damaged("row 3".into())));
    let mut band = Samples::Eight(Raster::new(1, 1, 1));
    assert_eq!(rows.read(&mut band).unwrap_err().to_string(), "damaged: row 3");
    assert!(rows.read(&mut band).is_err());
}

#[test]
fn out_of_memory_is_an_error() {
    let max = crate::geometry::MAX_SIDE;
    assert!(zeroed_samples(Size::new(max, max), 4, Depth::Sixteen).is_err());
    assert_eq!(upright_bytes(Size::new(max, max), 4, Depth::Sixteen, 3), u64::MAX);
    assert_eq!(upright_bytes(Size::new(5, 4), 3, Depth::Sixteen, 2), 0);
    assert_eq!(upright_bytes(Size::new(5, 4), 3, Depth::Sixteen, 6), 120);
}
