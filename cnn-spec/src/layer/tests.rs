//! Shapes and parameters of single layers, against what PyTorch's modules give.

use crate::network::Layer;
use crate::parse;

/// The only layer of a network, written as `key = value` pairs on one line.
fn try_layer(input: &str, keys: &str) -> Result<Layer, String> {
    let text = format!("layer = [{{ {keys} }}]\n[network]\nname = \"Net\"\ninput = {input}\n");
    let network = parse(&text, "net.toml").map_err(|report| report.to_string())?;
    Ok(network.layers[0].clone())
}

fn output(input: &str, keys: &str) -> Vec<usize> {
    try_layer(input, keys).unwrap().output_shape.dims().to_vec()
}

fn parameters(input: &str, keys: &str) -> Vec<Vec<usize>> {
    let layer = try_layer(input, keys).unwrap();
    let shapes = layer.parameters.iter().map(|p| p.shape.dims().to_vec());
    shapes.collect()
}

fn conv(input: &str, keys: &str) -> Vec<usize> {
    output(input, &format!("type = \"conv2d\", {keys}"))
}

#[test]
fn the_output_of_a_convolution() {
    let mnist = "[1, 28, 28]";
    assert_eq!(
        conv(mnist, "out_channels = 3, kernel_size = 5"),
        [3, 24, 24]
    );
    assert_eq!(
        conv(mnist, "out_channels = 3, kernel_size = [5, 3]"),
        [3, 24, 26]
    );
    assert_eq!(
        conv(mnist, "out_channels = 2, kernel_size = 5, padding = 2"),
        [2, 28, 28]
    );
    assert_eq!(
        conv(mnist, "out_channels = 2, kernel_size = 3, stride = 2"),
        [2, 13, 13]
    );
    assert_eq!(
        conv(
            mnist,
            "out_channels = 2, kernel_size = 3, stride = [3, 2], padding = [1, 0]"
        ),
        [2, 10, 13]
    );
    assert_eq!(
        conv(mnist, "out_channels = 2, kernel_size = 3, dilation = 4"),
        [2, 20, 20]
    );
    assert_eq!(
        conv(
            mnist,
            "out_channels = 2, kernel_size = 4, padding = \"valid\""
        ),
        [2, 25, 25]
    );
    assert_eq!(
        conv("[3, 1, 1]", "out_channels = 7, kernel_size = 1"),
        [7, 1, 1]
    );
    assert_eq!(
        conv(
            "[1, 1, 1]",
            "out_channels = 1, kernel_size = 3, padding = 1"
        ),
        [1, 1, 1]
    );
}

#[test]
fn same_padding_keeps_the_size_with_the_smaller_half_above() {
    for (kernel, dilation, sides) in [
        (1, 1, [0, 0]),
        (3, 1, [1, 1]),
        (4, 1, [1, 2]),
        (2, 3, [1, 2]),
        (3, 2, [2, 2]),
    ] {
        let keys = format!(
            "type = \"conv2d\", out_channels = 1, kernel_size = {kernel}, dilation = {dilation}, padding = \"same\""
        );
        let layer = try_layer("[1, 9, 11]", &keys).unwrap();
        assert_eq!(layer.output_shape.dims(), [1, 9, 11], "{keys}");
        let super::Kind::Conv2d(conv) = layer.kind else {
            panic!("{keys} is not a convolution");
        };
        assert_eq!([conv.padding.top, conv.padding.bottom], sides, "{keys}");
        assert_eq!([conv.padding.left, conv.padding.right], sides, "{keys}");
    }
}

#[test]
fn the_parameters_of_a_convolution() {
    let keys = "type = \"conv2d\", out_channels = 6, kernel_size = [5, 3]";
    let with = |more: &str| parameters("[4, 9, 9]", &format!("{keys}, {more}"));
    let weight = vec![6, 4, 5, 3];
    assert_eq!(parameters("[4, 9, 9]", keys), [weight.clone(), vec![6]]);
    assert_eq!(with("bias = true"), [weight.clone(), vec![6]]);
    assert_eq!(with("bias = \"channel\""), [weight.clone(), vec![6]]);
    assert_eq!(with("bias = \"position\""), [weight.clone(), vec![6, 5, 7]]);
    assert_eq!(with("bias = false"), [weight]);
    assert_eq!(with("groups = 2"), [vec![6, 2, 5, 3], vec![6]]);
}

#[test]
fn the_output_of_a_pool() {
    for kind in ["max_pool2d", "avg_pool2d"] {
        let pool = |input: &str, keys: &str| output(input, &format!("type = \"{kind}\", {keys}"));
        assert_eq!(pool("[3, 24, 24]", "kernel_size = 2"), [3, 12, 12]);
        // The last row and column do not fill a window.
        assert_eq!(pool("[3, 25, 25]", "kernel_size = 2"), [3, 12, 12]);
        assert_eq!(
            pool("[1, 9, 9]", "kernel_size = 3, stride = 2, padding = 1"),
            [1, 5, 5]
        );
        assert_eq!(
            pool("[1, 9, 8]", "kernel_size = [3, 2], stride = [1, 2]"),
            [1, 7, 4]
        );
        assert_eq!(pool("[1, 2, 2]", "kernel_size = 2, padding = 1"), [1, 2, 2]);
    }
}

#[test]
fn a_dense_layer_reads_feature_maps_as_a_vector() {
    let keys = "type = \"dense\", out_features = 10, in_features = 432";
    let layer = try_layer("[3, 12, 12]", keys).unwrap();
    assert_eq!(layer.input_shape().dims(), [3, 12, 12]);
    assert_eq!(layer.output_shape.dims(), [10]);
    assert_eq!(parameters("[3, 12, 12]", keys), [vec![10, 432], vec![10]]);
    assert_eq!(
        parameters("[7]", "type = \"dense\", out_features = 2, bias = false"),
        [[2, 7]]
    );
}

#[test]
fn layers_without_parameters_keep_their_values() {
    for kind in ["relu", "leaky_relu", "sigmoid", "tanh"] {
        assert_eq!(
            output("[2, 3, 4]", &format!("type = \"{kind}\"")),
            [2, 3, 4]
        );
        assert_eq!(output("[5]", &format!("type = \"{kind}\"")), [5]);
    }
    assert_eq!(output("[2, 3, 4]", "type = \"flatten\""), [24]);
    assert_eq!(output("[5]", "type = \"softmax\""), [5]);
    assert!(parameters("[5]", "type = \"softmax\"").is_empty());
}

#[test]
fn a_sum_of_sizes_does_not_overflow() {
    let keys = "type = \"conv2d\", out_channels = 1, kernel_size = 65536, dilation = 65536, padding = 65536";
    let report = try_layer("[1, 65536, 1]", keys).unwrap_err();
    assert!(
        report.contains("the kernel is larger than the input"),
        "{report}"
    );
}
