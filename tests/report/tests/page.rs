//! The page, read as a browser reads it, against what it is made of.

mod training;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cnn_report_tests::{colour, grey, heads, many, mirror, numbers, points, waves};
use cnn_runtime::data::{Dataset, Split, Targets, Values};
use cnn_runtime::{Model, Parameters, Rng, Trainable, Zeroed, confusion};
use scraper::{ElementRef, Html, Selector};
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use training::{Trained, pictures};

/// Random numbers, and targets that are numbers too.
fn random_numbers(shape: &[usize], targets: impl Fn(Vec<f32>) -> Targets) -> Split {
    let part = |name: &str, count: usize, seed| {
        let mut rng = Rng::new(seed);
        let mut number = || rng.below(2_000) as f32 / 1_000.0 - 1.0;
        let mut some = |count| (0..count).map(|_| number()).collect::<Vec<_>>();
        let values = some(count * shape.iter().product::<usize>());
        let targets = targets(some(count));
        Dataset::with_targets(name, shape, values, targets).unwrap()
    };
    Split {
        train: part("training numbers", 40, 1),
        test: part("test numbers", 23, 2),
    }
}

fn grey(epochs: usize) -> Trained<grey::net::Grey> {
    Trained::new(grey::insight::INSIGHT, pictures(&[1, 28, 28], 10), epochs)
}

fn colour() -> Trained<colour::net::Colour> {
    Trained::new(colour::insight::INSIGHT, pictures(&[3, 8, 8], 3), 2)
}

fn heads() -> Trained<heads::net::Heads> {
    Trained::new(heads::insight::INSIGHT, pictures(&[1, 8, 8], 3), 2)
}

fn points() -> Trained<points::net::Points> {
    Trained::new(points::insight::INSIGHT, pictures(&[2], 2), 2)
}

fn waves() -> Trained<waves::net::Waves> {
    Trained::new(waves::insight::INSIGHT, pictures(&[2, 40], 3), 2)
}

fn many() -> Trained<many::net::Many> {
    Trained::new(many::insight::INSIGHT, pictures(&[16], 40), 2)
}

fn regression() -> Trained<numbers::net::Numbers> {
    let targets = |values| Targets::Numbers { values, size: 1 };
    let data = random_numbers(&[3], targets);
    Trained::new(numbers::insight::INSIGHT, data, 2)
}

fn mirror() -> Trained<mirror::net::Mirror> {
    let data = random_numbers(&[1, 8, 8], |_| Targets::Inputs);
    Trained::new(mirror::insight::INSIGHT, data, 2)
}

/// A page of each kind.
static PAGES: LazyLock<Vec<String>> = LazyLock::new(|| {
    vec![
        grey(2).html(),
        colour().html(),
        heads().html(),
        points().html(),
        waves().html(),
        many().html(),
        regression().html(),
        mirror().html(),
        grey(0).html(),
        grey(1).html(),
    ]
});

fn parse(html: &str) -> Html {
    let page = Html::parse_document(html);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    page
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: ElementRef<'_>) -> String {
    let text: String = element.text().collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts(page: &Html, selector: &str) -> Vec<String> {
    all(page, selector).into_iter().map(text).collect()
}

/// The confusion matrix that a page shows.
fn matrix(page: &Html) -> Vec<Vec<usize>> {
    let cells = Selector::parse("td:not(.recall)").unwrap();
    all(page, ".confusion tbody tr")
        .into_iter()
        .map(|row| row.select(&cells).map(|cell| text(cell).parse().unwrap()))
        .map(Iterator::collect)
        .collect()
}

#[test]
fn a_page_needs_nothing_from_outside() {
    for html in &*PAGES {
        let page = parse(html);
        assert!(all(&page, "script, iframe, object, embed, base, form").is_empty());
        for element in all(&page, "*") {
            for (name, value) in element.value().attrs() {
                let is_address = ["src", "href", "srcset", "poster", "action"].contains(&name);
                assert!(!is_address || value.starts_with("data:"), "{name}={value}");
                assert!(!name.starts_with("on"), "{name}={value}");
            }
        }
        let style = texts(&page, "style").concat();
        for word in ["url(", "@import", "http"] {
            assert!(!style.contains(word), "{word}");
        }
    }
}

#[test]
fn pictures_are_whole_and_described() {
    for html in &*PAGES {
        let page = parse(html);
        for image in all(&page, "img") {
            let address = image.attr("src").unwrap();
            let bytes = address.strip_prefix("data:image/png;base64,").unwrap();
            let bytes = STANDARD.decode(bytes).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            assert!(!image.attr("alt").unwrap().is_empty());
        }
        assert!(all(&page, "svg:not([aria-label])").is_empty());
        assert_eq!(all(&page, "h1").len(), 1);
        assert_eq!(all(&page, "meta[name=viewport]").len(), 1);
    }
}

#[test]
fn the_confusion_matrix_is_that_of_the_test_set() {
    let trained = grey(2);
    let page = parse(&trained.html());
    let test = &trained.data.test;
    let expected = confusion::<grey::net::Grey>(&trained.parameters, test, NonZeroUsize::MIN);
    let matrix = matrix(&page);
    assert_eq!(matrix.len(), 10);
    for (class, row) in matrix.iter().enumerate() {
        let counts: Vec<_> = (0..10).map(|other| expected.get(class, other)).collect();
        assert_eq!(*row, counts);
    }
    assert_eq!(matrix.iter().flatten().sum::<usize>(), test.len());
    let hits: usize = (0..10).map(|class| matrix[class][class]).sum();
    let accuracy = hits as f64 / test.len() as f64;
    assert_eq!(trained.score.accuracy, Some(accuracy));
    let verdict = format!("{:.2} % of the test set recognised", accuracy * 100.0);
    assert_eq!(texts(&page, ".verdict"), [verdict]);
}

#[test]
fn mistakes_are_told_the_worst_first() {
    let trained = colour();
    let page = parse(&trained.html());
    let hits: usize = (0..3).map(|class| matrix(&page)[class][class]).sum();
    let mistakes = texts(&page, "#mistakes .which");
    assert_eq!(mistakes.len(), trained.data.test.len() - hits);
    let labels = trained.data.test.labels();
    let (mut input, mut activations) = (
        colour::net::Input::boxed(),
        colour::net::Activations::boxed(),
    );
    let mut leads = Vec::new();
    for (which, is) in mistakes.iter().zip(texts(&page, "#mistakes .is")) {
        let sample: usize = which.strip_prefix("sample ").unwrap().parse().unwrap();
        trained.data.test.gather(sample, &mut *input);
        let output = colour::net::Colour::forward(&trained.parameters, &input, &mut activations);
        let class = usize::from(labels[sample]);
        let prediction = cnn_runtime::argmax(output);
        assert_eq!(is, format!("{class} taken for {prediction}"));
        let exps = output.map(f32::exp);
        leads.push((exps[prediction] - exps[class]) / exps.iter().sum::<f32>());
    }
    assert!(leads.is_sorted_by(|a, b| *a >= b - 1e-6), "{leads:?}");
}

#[test]
fn probabilities_are_those_of_a_softmax() {
    let trained = points();
    let page = parse(&trained.html());
    let said = texts(&page, "#mistakes .said dd");
    assert!(!said.is_empty());
    for pair in said.chunks(2) {
        let [wrong, right] = [&pair[0], &pair[1]]
            .map(|said| said.strip_suffix(" %").unwrap().parse::<f64>().unwrap());
        assert!(wrong > right);
        assert!((wrong + right - 100.0).abs() < 0.11, "{wrong} {right}");
    }
}

#[test]
fn many_classes_are_a_picture_and_a_list() {
    let page = parse(&many().html());
    assert!(all(&page, ".confusion").is_empty());
    assert_eq!(all(&page, "img.matrix").len(), 1);
    let listed = texts(&page, ".listed td:last-child");
    let counts: Vec<usize> = listed.iter().map(|count| count.parse().unwrap()).collect();
    assert!(!counts.is_empty() && counts.is_sorted_by(|a, b| a >= b));
    let note = texts(&page, "#mistakes .note").concat();
    assert!(note.contains("its output"), "{note}");
}

#[test]
fn numbers_have_no_classes() {
    for html in [regression().html(), mirror().html()] {
        let page = parse(&html);
        assert!(all(&page, "#confusion, #mistakes").is_empty());
        assert!(!html.contains("recognised"));
        assert!(texts(&page, ".verdict")[0].starts_with("R² "));
        assert_eq!(all(&page, "#deviations .samples li").len(), 23);
    }
    let regression = parse(&regression().html());
    assert_eq!(all(&regression, "#deviations circle").len(), 23);
    let mirror = parse(&mirror().html());
    assert_eq!(all(&mirror, "#deviations .samples img").len(), 2 * 23);
}

#[test]
fn every_kernel_of_the_first_convolution_is_shown() {
    let kernels = |html: &str| {
        let page = parse(html);
        [
            all(&page, ".kernels li").len(),
            all(&page, ".kernels img").len(),
        ]
    };
    assert_eq!(kernels(&grey(1).html()), [3, 3]);
    assert_eq!(kernels(&colour().html()), [40, 120]);
    assert_eq!(kernels(&waves().html()), [4, 8]);
    assert!(!points().html().contains("first convolution"));
}

#[test]
fn samples_are_followed_through_all_layers() {
    let layers = |html: &str| {
        let page = parse(html);
        let first = Selector::parse(".layer > p").unwrap();
        let journey = all(&page, "details")[0];
        journey.select(&first).map(text).collect::<Vec<_>>()
    };
    assert_eq!(
        layers(&grey(1).html()),
        [
            "conv1 3×24×24",
            "relu1 3×24×24",
            "pool1 3×12×12",
            "dense1 10"
        ]
    );
    assert_eq!(
        layers(&points().html()),
        ["dense1 5", "tanh1 5", "dense2 2", "softmax1 2"]
    );
    let colour = parse(&colour().html());
    assert_eq!(all(&colour, "details").len(), 3);
    let first = all(&colour, "details")[0];
    let select = |selector| first.select(&Selector::parse(selector).unwrap()).count();
    // `first`, `norm`, its activation, `second`, `sum`, the pool and `dense1`.
    assert_eq!(select(".layer"), 7);
    assert_eq!(select(".layer:nth-of-type(1) .maps img"), 32);
    assert!(text(first).contains("and 8 more"));
}

#[test]
fn what_the_last_layer_shows_is_the_output() {
    fn check<M: Trainable>(trained: &Trained<M>) {
        use cnn_runtime::{Tensor as _, math::Real as _};
        let (mut input, mut activations) = (M::Input::boxed(), M::Activations::boxed());
        for sample in 0..trained.data.test.len() {
            trained.data.test.gather(sample, &mut *input);
            let mut shown = Vec::new();
            (trained.insight.show_layers)(&trained.parameters, &input, &mut |_, shape, values| {
                assert_eq!(shape.iter().product::<usize>(), values.len());
                shown = values.iter().map(|value| value.to_f64()).collect();
            });
            let output = M::forward(&trained.parameters, &input, &mut activations);
            assert_eq!(shown.len(), output.values().len());
            for (shown, output) in shown.iter().zip(output.values()) {
                let output = output.to_f64();
                assert!((shown - output).abs() <= 1e-5 * output.abs().max(1.0));
            }
        }
    }
    check(&grey(1));
    check(&colour());
    check(&points());
    check(&waves());
    check(&many());
    check(&regression());
    check(&mirror());
}

#[test]
fn curves_have_a_point_for_each_epoch() {
    let curves = |epochs| {
        let page = parse(&grey(epochs).html());
        texts(&page, "#curves title")
    };
    assert!(curves(0).is_empty());
    // Loss and accuracy in training and test, and the learning rate.
    assert_eq!(curves(1).len(), 5);
    let trained = grey(3);
    let page = parse(&trained.html());
    let said = texts(&page, "#curves title");
    assert_eq!(said.len(), 15);
    let shown: f64 = said[5].rsplit(' ').next().unwrap().parse().unwrap();
    let loss = trained.epochs[2].test.unwrap().loss;
    assert!((shown - loss).abs() < 1e-3 * loss, "{said:?} {loss}");
    assert!(said[5].starts_with("epoch 3, test: "), "{said:?}");
}

#[test]
fn the_page_tells_how_to_repeat_the_training() {
    let trained = grey(2);
    let page = parse(&trained.html());
    let repeat = texts(&page, "#repeat").concat();
    assert!(repeat.contains("cnn-codegen train net.toml -- --epochs 3"));
    assert_eq!(texts(&page, ".settings dt")[0], "seed");
    assert_eq!(texts(&page, ".settings dd")[0], "0");
    let spec: String = all(&page, ".spec")[0].text().collect();
    assert_eq!(spec.trim(), include_str!("../networks/grey.toml").trim());
    let summary: String = all(&page, "#summary pre")[0].text().collect();
    assert_eq!(summary.trim(), grey::net::Grey::SUMMARY.trim());
    let learnt: usize = grey::net::Parameters::TENSORS
        .iter()
        .map(|tensor| tensor.shape.iter().product::<usize>())
        .sum();
    let facts = texts(&page, ".facts dt").into_iter();
    let parameters = facts
        .zip(texts(&page, ".facts dd"))
        .find(|(name, _)| name == "parameters");
    assert_eq!(parameters.unwrap().1.replace(',', ""), learnt.to_string());
}

/// Pictures of one pixel each, in a folder for each class.
fn named(names: [&str; 10]) -> Split {
    let folder = tempfile::tempdir().unwrap();
    for part in ["train", "test"] {
        for (class, name) in names.iter().enumerate() {
            let folder = folder.path().join(part).join(format!("{class} {name}"));
            std::fs::create_dir_all(&folder).unwrap();
            let file = std::fs::File::create(folder.join("picture.png")).unwrap();
            let mut encoder = png::Encoder::new(file, 28, 28);
            encoder.set_color(png::ColorType::Grayscale);
            let mut writer = encoder.write_header().unwrap();
            writer.write_image_data(&[class as u8; 784]).unwrap();
        }
    }
    cnn_runtime::data::images::load(folder.path(), &[1, 28, 28]).unwrap()
}

#[test]
fn classes_are_called_by_their_names() {
    let mut names = ["cat"; 10];
    names[7] = "<script>alert(1)<script>";
    let trained = Trained::new(grey::insight::INSIGHT, named(names), 1);
    let page = parse(&trained.html());
    assert!(all(&page, "script").is_empty());
    let rows = texts(&page, ".confusion.named th[scope=row]");
    assert_eq!(rows[0], "0 0 cat");
    assert_eq!(rows[7], "7 7 <script>alert(1)<script>");
    let is = texts(&page, "#mistakes .is").concat();
    assert!(is.contains("cat taken for "), "{is}");
    assert!(texts(&page, "details summary")[0].ends_with("class 0 cat"));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let mut trained = grey(1);
    let evil = "</pre><script>alert(1)</script><img src=x onerror='alert(2)'>\"&";
    let data = |part: &Dataset| {
        let Values::Pixels(pixels) = part.values().clone() else {
            unreachable!("pictures have pixels");
        };
        Dataset::new(evil, part.shape(), pixels, part.labels().into(), 10).unwrap()
    };
    trained.data.train = data(&trained.data.train);
    trained.data.test = data(&trained.data.test);
    trained.command = vec![evil.to_owned(); 2];
    let page = parse(&trained.html());
    assert!(all(&page, "script, img:not([alt])").is_empty());
    assert!(texts(&page, "#repeat pre")[0].contains("<script>alert(1)</script>"));
    assert!(texts(&page, ".settings").concat().contains(evil));
}

#[test]
fn each_layer_has_its_time() {
    let page = parse(&grey(1).html());
    let layers = ["samples and loss", "conv1", "dense1", "update"];
    assert_eq!(texts(&page, ".times tbody th"), layers);
    let shares = all(&page, ".times tbody i").into_iter().map(|bar| {
        let style = bar.attr("style").unwrap();
        let share = style.strip_prefix("--share:").unwrap();
        share.strip_suffix('%').unwrap().parse::<f64>().unwrap()
    });
    let shares: Vec<_> = shares.collect();
    assert!(shares.iter().all(|&share| share > 0.0));
    assert!((shares.iter().sum::<f64>() - 100.0).abs() < 1e-6);
}

#[test]
fn without_an_insight_the_rest_is_told() {
    let trained = grey(1);
    let mut report = trained.report();
    report.insight = None;
    let page = parse(&report.html().unwrap());
    assert!(all(&page, "#kernels, #layers, #times, .spec").is_empty());
    assert_eq!(matrix(&page).len(), 10);
    assert!(texts(&page, "#repeat pre")[0].starts_with("trainer --epochs 3"));
}
