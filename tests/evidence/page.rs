//! The report's page in a browser: nothing is asked of the network, and it has a light and a dark side.

use crate::chromium::{Scheme, show};
use crate::closed::left;
use std::path::{Path, PathBuf};

/// Where the pictures stay to be looked at: the build folder.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("evidence");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn page(name: &str, text: &str) -> PathBuf {
    let path = folder().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The mean brightness of a picture, 0 to 255, and how many colors it has.
fn seen(picture: &Path) -> (f64, usize) {
    let mut decoder = png::Decoder::new(std::io::BufReader::new(
        std::fs::File::open(picture).unwrap(),
    ));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let channels = info.color_type.samples();
    let mut colors = std::collections::BTreeSet::new();
    let (mut sum, mut count) = (0_u64, 0_u32);
    for pixel in pixels[..info.buffer_size()].chunks_exact(channels) {
        sum += pixel[..3.min(channels)]
            .iter()
            .map(|c| u64::from(*c))
            .sum::<u64>()
            / 3.min(channels) as u64;
        count += 1;
        colors.insert(pixel.to_vec());
    }
    #[allow(clippy::cast_precision_loss)] // a mean of bytes
    let mean = sum as f64 / f64::from(count);
    (mean, colors.len())
}

#[test]
fn it_asks_the_network_for_nothing_and_has_two_schemes() {
    for (name, text) in [
        ("closed.html", &left().reports[2]),
        ("planned.html", &left().planned[2]),
    ] {
        let path = page(name, text);
        let light = show(&path, Scheme::Light, (1100, 3200), &folder()).unwrap();
        let dark = show(&path, Scheme::Dark, (1100, 3200), &folder()).unwrap();
        for shown in [&light, &dark] {
            let asked = &shown.requests;
            assert!(asked.is_empty(), "{name} asks for {asked:?}");
            let (_, colors) = seen(&shown.picture);
            assert!(colors > 20, "{name} is no page: {colors} colors");
        }
        let (bright, _) = seen(&light.picture);
        let (dim, _) = seen(&dark.picture);
        assert!(
            bright > 200.0 && dim < 70.0,
            "{name}: light {bright:.0}, dark {dim:.0}"
        );
        println!("{} and {}", light.picture.display(), dark.picture.display());
    }
}

#[test]
fn a_page_that_asks_for_something_is_seen_to() {
    let path = page(
        "asks.html",
        "<!doctype html><title>x</title><img src=\"http://127.0.0.1:9/picture.png\"><p>x",
    );
    let shown = show(&path, Scheme::Light, (300, 200), &folder()).unwrap();
    assert!(
        shown
            .requests
            .iter()
            .any(|url| url == "http://127.0.0.1:9/picture.png"),
        "{:?}",
        shown.requests
    );
}
