//! `channel_shuffle` on lanes: forward, one channel of each group in turn; backward, their deltas go home.

use super::Functions;
use super::function::Function;
use super::site::Site;
use crate::emit::channel_shuffle::{backward_doc, forward_doc, source};
use crate::emit::element::each;
use cnn_spec::layer::ChannelShuffle;
use quote::quote;

/// The functions of a shuffle.
pub fn functions(shuffle: ChannelShuffle, site: Site) -> Functions {
    Functions::of(
        forward(shuffle, site),
        site.sent(|| backward(shuffle, site)),
    )
}

fn forward(shuffle: ChannelShuffle, site: Site) -> Function {
    let shape = site.output_shape();
    let [y, x] = [quote!(y), quote!(x)];
    let (to, from) = (
        site.memory.index(site.group.output, [&quote!(c), &y, &x]),
        site.memory
            .index(site.group.input, [&source(shuffle, shape), &y, &x]),
    );
    let body = each(shape, &quote!(output #to = input #from;));
    let doc = forward_doc(shuffle, &site.group.name, &site.shapes(), shape);
    site.function("forward", doc, vec![site.input(), site.output_mut()], body)
}

fn backward(shuffle: ChannelShuffle, site: Site) -> Function {
    let shape = site.output_shape();
    let source = source(shuffle, shape);
    let body = each(shape, &quote!(input_delta[#source][y][x] = delta[c][y][x];));
    let arguments = vec![site.delta(), site.input_delta()];
    let doc = backward_doc(&site.group.name);
    site.function("backward_input", doc, arguments, body)
}
