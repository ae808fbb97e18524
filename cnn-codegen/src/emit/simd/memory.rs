//! Where the values of a block are kept: names and shapes of the fields of its workspace.

use super::function::lanes_type;
use crate::emit::tokens::{ident, number};
use crate::plan::depthwise;
use crate::plan::fuse::{Group, Kernel};
use crate::plan::layout::Layout;
use crate::plan::route;
use crate::plan::tile::{self, Registers};
use crate::plan::turns::{self, Tenant};
use crate::plan::{Plan, ValueId};
use cnn_spec::layer::{Conv2d, ConvBias, MaxPool2d, Padding, Pair};
use cnn_spec::shape::Shape;
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;

/// The memory of a block of samples.
pub struct Memory<'p> {
    plan: &'p Plan<'p>,
    layout: Layout,
    /// The name of the field that holds each value's delta, as far as it has one.
    homes: HashMap<ValueId, String>,
    /// What the backward pass keeps for a while.
    guests: Vec<Guest>,
}

/// The end of the names of sums that are kept through a call: blocks that wait for each other share them.
const WEIGHT_SUMS: &str = "_weight_sums";

/// Something that takes turns with others in a buffer.
struct Guest {
    field: Field,
    buffer: usize,
}

/// One array of a block.
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub doc: String,
    /// Its shape.
    pub shape: Shape,
}

impl Field {
    /// `[[[Vector<S>; 24]; 24]; 3]`.
    pub fn array(&self) -> TokenStream {
        lanes_type(&self.shape)
    }

    /// `[Room; 1728]`.
    pub fn room(&self) -> TokenStream {
        let elements = number(self.shape.elements());
        quote!([Room; #elements])
    }
}

impl<'p> Memory<'p> {
    pub fn new(plan: &'p Plan<'p>, groups: &[Group]) -> Self {
        let mut memory = Self {
            plan,
            layout: Layout::new(plan),
            homes: HashMap::new(),
            guests: Vec::new(),
        };
        memory.homes = memory.homes(groups);
        memory.guests = memory.guests(groups);
        memory
    }

    /// After this, each value with a delta knows the field that holds it. What a sum passes on as it is, it leaves where
    /// it is.
    fn homes(&self, groups: &[Group]) -> HashMap<ValueId, String> {
        let scores = self.plan.heads.iter().map(|head| head.scores);
        let mut homes: HashMap<_, _> = scores.map(|id| (id, self.name(id))).collect();
        for group in groups.iter().rev() {
            let passed_on = match group.kernel {
                Kernel::Add { .. } => self
                    .sums(group)
                    .map(|sums| sums.name)
                    .or_else(|| homes.get(&group.output).cloned()),
                _ => None,
            };
            for source in group.sources().filter(|&id| self.plan.value(id).has_delta) {
                let home = passed_on.clone().unwrap_or_else(|| self.name(source));
                homes.insert(source, home);
            }
        }
        homes
    }

    /// After this, every delta and everything that one group alone needs has a buffer. Time goes back from the last group.
    fn guests(&self, groups: &[Group]) -> Vec<Guest> {
        let mut stays: Vec<(Field, Tenant)> = Vec::new();
        let stay = |field: Field, first| {
            let length = field.shape.elements();
            (
                field,
                Tenant {
                    length,
                    first,
                    last: first,
                },
            )
        };
        for scores in self.plan.heads.iter().map(|head| head.scores) {
            if self.plan.value(scores).has_delta {
                stays.push(stay(self.delta_field(scores), 0));
            }
        }
        for (now, group) in groups.iter().rev().enumerate() {
            let received = self
                .received(group)
                .into_iter()
                .filter_map(|id| self.homes.get(&id));
            for home in received {
                let delta = stays.iter_mut().rfind(|(field, _)| field.name == *home);
                if let Some((_, tenant)) = delta {
                    tenant.last = now;
                }
            }
            let sums = self.sums(group).filter(|_| !self.keeps_zeros(group));
            let alone = sums
                .into_iter()
                .chain(self.routed(group))
                .chain(self.rows(group));
            stays.extend(alone.map(|field| stay(field, now)));
            let is_own = |id: &ValueId| self.homes.get(id) == Some(&self.name(*id));
            let sent = group.sources().filter(is_own);
            stays.extend(sent.map(|id| stay(self.delta_field(id), now)));
        }
        let (fields, tenants): (Vec<_>, Vec<_>) = stays.into_iter().unzip();
        let places = turns::places(&tenants);
        let guests = fields.into_iter().zip(places);
        guests
            .map(|(field, buffer)| Guest { field, buffer })
            .collect()
    }

    /// The values whose deltas a group reads.
    fn received(&self, group: &Group) -> Vec<ValueId> {
        match group.kernel {
            Kernel::Fork => self.plan.aliases(group.output).collect(),
            _ => vec![group.output],
        }
    }

    /// Whether the delta of a group's sums has zeros that nobody writes: a border, or what no window of the pool covers.
    pub fn keeps_zeros(&self, group: &Group) -> bool {
        let Kernel::Conv2d { pool, .. } = group.kernel else {
            return false;
        };
        let [_, rows, columns] = self.maps(group.sums);
        let has_rest = pool.is_some_and(|pool| {
            let Pair { height, width } = pool.window.kernel_size;
            rows % height > 0 || columns % width > 0
        });
        has_rest || self.border(group) > 0 || self.zeros(group) != Padding::default()
    }

    /// The buffers of the backward pass, each with room for the longest of those that it holds in turn.
    pub fn buffers(&self) -> Vec<Field> {
        let count = self.guests.iter().map(|guest| guest.buffer + 1).max();
        let buffer = |number| {
            let guests = self.guests.iter().filter(|guest| guest.buffer == number);
            let fields: Vec<_> = guests.map(|guest| &guest.field).collect();
            let docs: Vec<_> = fields
                .iter()
                .map(|field| format!("- {}", field.doc))
                .collect();
            let longest = fields.iter().max_by_key(|field| field.shape.elements());
            Field {
                name: buffer_name(number),
                doc: format!("One after the other:\n{}", docs.join("\n")),
                shape: longest.map_or_else(|| shape([1]), |field| field.shape.clone()),
            }
        };
        (0..count.unwrap_or(0)).map(buffer).collect()
    }

    /// The place of something that the backward pass writes: `deltas.buffer1`, or under its own name.
    pub fn place(&self, name: &str) -> TokenStream {
        let guest = self.guests.iter().find(|guest| guest.field.name == name);
        let is_shared = self.plan.waiting().is_some() && name.ends_with(WEIGHT_SUMS);
        let name = guest.map_or_else(|| name.to_owned(), |guest| buffer_name(guest.buffer));
        let name = ident(&name);
        if is_shared {
            quote!(weight_sums.#name)
        } else {
            quote!(deltas.#name)
        }
    }

    fn name(&self, id: ValueId) -> String {
        self.plan.value(id).name.clone()
    }

    fn delta_field(&self, id: ValueId) -> Field {
        let value = self.plan.value(id);
        Field {
            name: value.name.clone(),
            doc: format!("The delta of `{}`: {}.", value.name, value.shape),
            shape: value.shape.clone(),
        }
    }

    /// The place of a value: `activations.conv1`.
    pub fn activation(&self, id: ValueId) -> TokenStream {
        let name = ident(&self.plan.value(self.layout.owner(id)).name);
        quote!(activations.#name)
    }

    /// The type of that place, which may hold zeros around the value.
    pub fn array(&self, id: ValueId) -> TokenStream {
        lanes_type(self.layout.shape(id))
    }

    /// The index of a map's value in it: `[c][y + 2][x + 2]` where there are two rows and columns of zeros before.
    pub fn index(&self, id: ValueId, [c, y, x]: [&TokenStream; 3]) -> TokenStream {
        let [top, left] = self.layout.origin(id);
        let after = |zeros: usize, index: &TokenStream| {
            let zeros = (zeros > 0).then(|| {
                let zeros = number(zeros);
                quote!(+ #zeros)
            });
            quote!(#index #zeros)
        };
        let (y, x) = (after(top, y), after(left, x));
        quote!([#c][#y][#x])
    }

    /// The row and the column in that place which a value begins at.
    pub fn origin(&self, id: ValueId) -> [usize; 2] {
        self.layout.origin(id)
    }

    /// Whether there is more than the value in its place: zeros around it.
    pub fn is_padded(&self, id: ValueId) -> bool {
        *self.layout.shape(id) != self.plan.value(id).shape
    }

    /// The field that holds a value.
    pub fn value(&self, id: ValueId) -> Field {
        let value = self.plan.value(id);
        let zeros = if self.is_padded(id) {
            ", with the zeros around it that its reader needs"
        } else {
            ""
        };
        Field {
            name: value.name.clone(),
            doc: format!("`{}`: {}{zeros}.", value.name, value.shape),
            shape: self.layout.shape(id).clone(),
        }
    }

    /// The place of its delta.
    pub fn delta(&self, id: ValueId) -> TokenStream {
        let home = self.homes.get(&id).cloned();
        self.place(&home.unwrap_or_else(|| self.name(id)))
    }

    /// The place of the delta of a group's sums: of its output, if nothing is done to them.
    pub fn sums_delta(&self, group: &Group) -> TokenStream {
        match self.sums(group) {
            Some(field) => self.place(&field.name),
            None => self.delta(group.output),
        }
    }

    /// The rows of a group's output whose deltas are led back to sums and into the weight gradient at a time, where
    /// nothing else reads the deltas of the sums: so they never leave the nearest cache.
    pub fn band(&self, group: &Group) -> Option<usize> {
        let Kernel::Conv2d { conv, pool, .. } = group.kernel else {
            return None;
        };
        let is_read_once = !self.needs_input_delta(group) && conv.bias != ConvBias::Position;
        let is_whole = self.is_routed(group) || self.is_depthwise(group);
        if !is_read_once || is_whole || group.sums == group.output {
            return None;
        }
        let step = rows_of_window(pool);
        let ([maps, _, columns], [_, rows, _]) = (self.maps(group.sums), self.maps(group.output));
        tile::band_of_all(maps, rows, step, columns)
    }

    /// The shape of the delta of a group's sums, or of a band of it, with its border. Of a depthwise convolution, that of
    /// the maps that one channel has, with the zeros around them.
    pub fn sums_shape(&self, group: &Group) -> Shape {
        if self.is_depthwise(group) {
            let [[channels, ..], [maps, rows, columns]] =
                [group.input, group.sums].map(|id| self.maps(id));
            let zeros = self.zeros(group);
            return shape([
                maps / channels,
                zeros.top + rows + zeros.bottom,
                zeros.left + columns + zeros.right,
            ]);
        }
        let shape = &self.plan.value(group.sums).shape;
        let border = self.border(group);
        if let Some(rows) = self.band_of_sums(group) {
            let [maps, _, columns] = self.maps(group.sums);
            return Shape::new([maps, rows, columns])
                .expect("a part of what the check has counted");
        }
        match shape.maps() {
            Some([channels, height, width]) => Shape::new([channels, height, width + 2 * border])
                .expect("a border of a few columns"),
            None => shape.clone(),
        }
    }

    /// The rows of the delta of the sums that belong to a band.
    pub fn band_of_sums(&self, group: &Group) -> Option<usize> {
        let Kernel::Conv2d { pool, .. } = group.kernel else {
            return None;
        };
        self.band(group).map(|rows| rows_of_window(pool) * rows)
    }

    /// The array that holds the delta of a group's sums, if it is not that of its output.
    pub fn sums(&self, group: &Group) -> Option<Field> {
        if self.is_routed(group) {
            return None;
        }
        let is_depthwise = self.is_depthwise(group);
        let is_apart = is_depthwise || group.sums != group.output || self.border(group) > 0;
        let has_sums = matches!(
            group.kernel,
            Kernel::Conv2d { .. } | Kernel::Dense { .. } | Kernel::Add { .. }
        );
        (is_apart && has_sums).then(|| {
            let border = match (self.band_of_sums(group), self.border(group)) {
                _ if is_depthwise => {
                    ", those of one channel at a time, with zeros around them".to_owned()
                }
                (Some(rows), _) => format!(", {rows} rows of them"),
                (None, 0) => String::new(),
                (None, border) => format!(", with {border} columns of zeros on either side"),
            };
            Field {
                name: format!("{}_sums", group.layer),
                doc: format!(
                    "The sums of `{}`: {}{border}.",
                    group.layer,
                    self.plan.value(group.sums).shape
                ),
                shape: self.sums_shape(group),
            }
        })
    }

    /// The columns of zeros on either side of a convolution's delta: the tiles of its input delta may reach over its
    /// edge.
    pub fn border(&self, group: &Group) -> usize {
        let Kernel::Conv2d { conv, .. } = group.kernel else {
            return 0;
        };
        let strides = conv.stride.width > 1 || conv.stride.height > 1;
        let is_apart = self.is_routed(group) || self.is_depthwise(group);
        if strides || !self.needs_input_delta(group) || is_apart {
            return 0;
        }
        [Registers::Narrow, Registers::Wide]
            .into_iter()
            .flat_map(|registers| self.input_tiles(conv, group, registers))
            .map(|run| run.tile.columns - 1)
            .max()
            .unwrap_or(0)
    }

    /// Whether a group is a convolution that looks at each map by itself, and its kernels go map by map.
    pub fn is_depthwise(&self, group: &Group) -> bool {
        let Kernel::Conv2d { conv, .. } = group.kernel else {
            return false;
        };
        let [channels, ..] = self.maps(group.input);
        depthwise::goes_map_by_map(conv, channels)
    }

    /// The zeros around the deltas of a depthwise convolution's sums: every tap of its input delta meets something.
    pub fn zeros(&self, group: &Group) -> Padding {
        let Kernel::Conv2d { conv, .. } = group.kernel else {
            return Padding::default();
        };
        if !self.is_depthwise(group) || !self.needs_input_delta(group) {
            return Padding::default();
        }
        let [source, sums] = [group.source, group.sums].map(|id| {
            let [_, rows, columns] = self.maps(id);
            [rows, columns]
        });
        depthwise::zeros(conv, group.padding(conv), source, sums)
    }

    /// The tiles of a convolution's input delta.
    pub fn input_tiles(
        &self,
        conv: &Conv2d,
        group: &Group,
        registers: Registers,
    ) -> Vec<tile::Run> {
        let source = self.plan.value(group.source).shape.dims();
        tile::of_maps(source[0] / conv.groups, source[2], 1, registers)
    }

    /// Whether a group sends a delta on.
    pub fn needs_input_delta(&self, group: &Group) -> bool {
        group.sources().any(|id| self.plan.value(id).has_delta)
    }

    /// Where a fused pool found the largest value of each window, if it is there in training.
    pub fn argmax(&self, group: &Group) -> Option<Field> {
        let Kernel::Conv2d {
            norm: None,
            pool: Some(pool),
            ..
        } = group.kernel
        else {
            return None;
        };
        Some(Field {
            name: format!("{}_argmax", group.name),
            doc: format!(
                "Where in its window of {} each value of `{}` was found, counted row by row.",
                pool.window.kernel_size,
                self.plan.value(group.output).name
            ),
            shape: self.plan.value(group.output).shape.clone(),
        })
    }

    /// Whether the gradients of a group are computed delta by delta.
    pub fn is_routed(&self, group: &Group) -> bool {
        let Kernel::Conv2d { conv, pool, .. } = group.kernel else {
            return false;
        };
        let inputs = self.plan.value(group.input).shape.dims()[0] / conv.groups;
        route::is_routed(conv, pool, inputs, self.needs_input_delta(group))
    }

    /// What the gradients of a group need if they are computed delta by delta.
    pub fn routed(&self, group: &Group) -> Vec<Field> {
        if !self.is_routed(group) {
            return Vec::new();
        }
        let kernels = self.needs_input_delta(group).then(|| self.kernels(group));
        [self.routes(group), self.samples(group)]
            .into_iter()
            .chain(kernels)
            .collect()
    }

    /// The room of a list for each sample and map: a delta for each window of the pool, and an end.
    pub fn most_routes(&self, group: &Group) -> usize {
        let [_, rows, columns] = self.maps(group.output);
        rows * columns + 1
    }

    /// Lists of deltas.
    pub fn routes(&self, group: &Group) -> Field {
        let [maps, ..] = self.maps(group.sums);
        Field {
            name: format!("{}_routes", group.layer),
            doc: format!(
                "The deltas of the sums of `{}` and where they are, for each sample and map.",
                group.layer
            ),
            // Sixteen samples' numbers and positions are two vectors.
            shape: shape([2 * maps, self.most_routes(group)]),
        }
    }

    /// Some channels of each sample, side by side.
    pub fn samples(&self, group: &Group) -> Field {
        let [_, rows, columns] = self.maps(group.input);
        Field {
            name: format!("{}_samples", group.layer),
            doc: format!(
                "As many channels of the input of `{}` as a vector holds, side by side, for each sample.",
                group.layer
            ),
            shape: shape([16, rows, columns]),
        }
    }

    /// The kernels of as many channels as a vector holds, side by side.
    pub fn kernels(&self, group: &Group) -> Field {
        let [maps, taps @ ..] = self.weights(group);
        let [_, height, width] = taps;
        Field {
            name: format!("{}_kernels", group.layer),
            doc: format!(
                "The weights of `{}` for as many channels as a vector holds, side by side.",
                group.layer
            ),
            shape: shape([maps, height, width]),
        }
    }

    /// The sums of a convolution's weight gradients for each lane, kept through a call.
    pub fn weight_sums(&self, group: &Group) -> Field {
        let [maps, inputs, height, width] = self.weights(group);
        let dims = if self.is_routed(group) {
            [inputs.div_ceil(16), maps, height, width]
        } else {
            [maps, inputs, height, width]
        };
        Field {
            name: format!("{}{WEIGHT_SUMS}", group.layer),
            doc: format!(
                "The gradients of `{}.weight`, for each lane, over all blocks of a call.",
                group.layer
            ),
            shape: shape(dims),
        }
    }

    /// The shape of a convolution's weights.
    fn weights(&self, group: &Group) -> [usize; 4] {
        let Kernel::Conv2d { conv, .. } = group.kernel else {
            return [0; 4];
        };
        let [inputs, ..] = self.maps(group.input);
        let Pair { height, width } = conv.kernel_size;
        [conv.out_channels, inputs / conv.groups, height, width]
    }

    fn maps(&self, id: ValueId) -> [usize; 3] {
        self.plan
            .value(id)
            .shape
            .maps()
            .expect("a convolution is between feature maps")
    }

    /// A dense layer's input, sample by sample, in chunks of sixteen.
    pub fn rows(&self, group: &Group) -> Option<Field> {
        if !matches!(group.kernel, Kernel::Dense { .. }) {
            return None;
        }
        let chunks = self.plan.value(group.input).shape.elements().div_ceil(16);
        Some(Field {
            name: format!("{}_rows", group.layer),
            doc: format!(
                "The input of `{}`, one sample after the other.",
                group.layer
            ),
            shape: Shape::new([16, chunks]).expect("as many values as the input has, rounded up"),
        })
    }
}

/// The rows of sums that make one of the output.
fn rows_of_window(pool: Option<&MaxPool2d>) -> usize {
    pool.map_or(1, |pool| pool.window.kernel_size.height)
}

fn buffer_name(number: usize) -> String {
    format!("buffer{}", number + 1)
}

fn shape(dims: impl Into<Vec<usize>>) -> Shape {
    let dims = dims.into();
    Shape::new(dims).expect("no more than the check has counted, but for a small factor")
}
