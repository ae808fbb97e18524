//! The forward pass of one sample on vectors: what is computed from what, and which memory it takes turns in.

use super::fuse::{self, FoldedNorm, Group, Kernel};
use super::plane::Plane;
use super::spatial::{self, WIDEST, Work};
use super::turns::{self, Tenant};
use super::{Operation, Plan, Step, ValueId};
use cnn_spec::layer::{Activation, Conv2d, ConvMode, Dense, MaxPool2d, Pair};
use cnn_spec::shape::Shape;
use std::iter;

/// All stages of a forward pass, in order.
pub struct Schedule<'p> {
    /// What they read and write; the network's input comes first.
    pub tensors: Vec<Tensor>,
    /// What is computed.
    pub stages: Vec<Stage<'p>>,
    /// For each tensor but the input, the buffer that holds it.
    pub places: Vec<usize>,
}

/// Something that a stage reads or writes.
pub struct Tensor {
    /// The name of what computes it.
    pub name: String,
    /// Its shape.
    pub shape: Shape,
}

/// What one function computes.
pub struct Stage<'p> {
    /// The names of its layers: `conv1_relu1_pool1`.
    pub name: String,
    /// The layer that it has parameters of.
    pub layer: String,
    /// What is computed.
    pub task: Task<'p>,
    /// The tensor that it reads; the first, if it joins several.
    pub input: usize,
    /// The other tensors that it joins.
    pub others: Vec<usize>,
    /// The tensor that it writes.
    pub output: usize,
}

/// What a stage computes.
pub enum Task<'p> {
    /// A convolution, its batch norm, its activation and a 2×2 max pool.
    Conv2d(Convolution<'p>),
    /// A convolution that looks at each map by itself.
    Depthwise(Plane<'p>),
    /// The input of a convolution, once for each column of its kernels.
    Pack(&'p Conv2d),
    /// A dense layer and its activation.
    Dense {
        dense: &'p Dense,
        activation: Option<Activation>,
    },
    /// The same function of each value.
    Activation(Activation),
    /// The largest value of each window.
    MaxPool2d(&'p MaxPool2d),
    /// A vector of logits becomes probabilities.
    Softmax,
    /// What the plain kernels do as well.
    Plain(&'p Step<'p>),
}

impl Stage<'_> {
    /// The tensors that it reads.
    pub fn inputs(&self) -> impl Iterator<Item = usize> {
        iter::once(self.input).chain(self.others.iter().copied())
    }
}

/// The sums of a convolution and what is done to each.
#[derive(Clone, Copy)]
pub struct Sums<'p> {
    /// The layer.
    pub conv: &'p Conv2d,
    /// What each sum is multiplied by and what is added to it.
    pub norm: Option<FoldedNorm<'p>>,
    /// The function of what that gives.
    pub activation: Option<Activation>,
}

/// A convolution, and how it is computed.
pub struct Convolution<'p> {
    /// What is computed at each position.
    pub sums: Sums<'p>,
    /// Whether the largest of each 2×2 window is kept.
    pub is_pooled: bool,
    /// Whether the input is packed, so that all positions are one row.
    pub is_packed: bool,
    /// Channels that a kernel sees.
    pub channels: usize,
    /// What is to be computed; a packed row has as many columns as the widest vector at least.
    pub work: Work,
    /// Values from one row of sums to the next.
    pub pitch: usize,
    /// Values from one channel of the input to the next.
    pub channel: usize,
    /// Where in a channel the rows of a kernel begin, in the order of its weights.
    pub row_taps: Vec<usize>,
    /// Where in such a row its columns are.
    pub column_taps: Vec<usize>,
}

impl<'p> Schedule<'p> {
    /// The stages of a network's forward pass.
    pub fn new(plan: &'p Plan<'p>) -> Self {
        let mut staging = Staging::new(plan);
        for group in fuse::for_output(plan) {
            staging.push_group(&group);
        }
        let places = places(&staging.tensors, &staging.stages);
        Self {
            tensors: staging.tensors,
            stages: staging.stages,
            places,
        }
    }

    /// The lengths of the buffers.
    pub fn lengths(&self) -> Vec<usize> {
        let count = self.places.iter().max().map_or(0, |last| last + 1);
        (0..count)
            .map(|buffer| {
                self.tenants(buffer)
                    .map(|tensor| tensor.shape.elements())
                    .max()
                    .unwrap_or(0)
            })
            .collect()
    }

    /// The tensors that a buffer holds, one after the other.
    pub fn tenants(&self, buffer: usize) -> impl Iterator<Item = &Tensor> {
        let tensors = self.tensors.iter().skip(1).zip(&self.places);
        tensors
            .filter(move |(_, place)| **place == buffer)
            .map(|(tensor, _)| tensor)
    }
}

struct Staging<'p> {
    plan: &'p Plan<'p>,
    tensors: Vec<Tensor>,
    stages: Vec<Stage<'p>>,
    /// The tensor of each value that has one.
    of_values: Vec<(ValueId, usize)>,
}

impl<'p> Staging<'p> {
    fn new(plan: &'p Plan<'p>) -> Self {
        let input = plan.value(ValueId::INPUT);
        Self {
            plan,
            tensors: vec![Tensor {
                name: input.name.clone(),
                shape: input.shape.clone(),
            }],
            stages: Vec::new(),
            of_values: vec![(ValueId::INPUT, 0)],
        }
    }

    fn tensor(&self, value: ValueId) -> usize {
        let value = self.plan.original(value);
        let found = self.of_values.iter().rev().find(|(id, _)| *id == value);
        found.map_or(0, |(_, tensor)| *tensor)
    }

    /// Adds a stage whose output is a new tensor.
    fn push(
        &mut self,
        name: &str,
        layer: &str,
        task: Task<'p>,
        input: usize,
        shape: Shape,
    ) -> usize {
        let output = self.tensors.len();
        self.tensors.push(Tensor {
            name: name.to_owned(),
            shape,
        });
        self.stages.push(Stage {
            name: name.to_owned(),
            layer: layer.to_owned(),
            task,
            input,
            others: Vec::new(),
            output,
        });
        output
    }

    fn push_group(&mut self, group: &Group<'p>) {
        if let Some((plane, pool)) = self.plane(group) {
            let input = self.tensor(group.source);
            return self.push_sums(group, Task::Depthwise(plane), input, pool);
        }
        if group.source != group.input {
            // Padding is a stage of its own.
            self.push_plain(group.input);
        }
        let input = self.tensor(group.input);
        let task = match group.kernel {
            Kernel::Conv2d {
                conv,
                norm,
                activation,
                pool,
            } => {
                let sums = Sums {
                    conv,
                    norm,
                    activation,
                };
                return self.push_convolution(group, sums, pool);
            }
            Kernel::Dense { dense, activation } => Task::Dense { dense, activation },
            Kernel::Activation(activation) => Task::Activation(activation),
            Kernel::MaxPool2d(pool) => Task::MaxPool2d(pool),
            Kernel::Softmax if self.plan.value(group.output).shape.rank() == 1 => Task::Softmax,
            Kernel::Fork => return,
            Kernel::Dropout(_) => {
                // Outside of training its output is its input.
                self.of_values.push((group.output, input));
                return;
            }
            Kernel::Add {
                activation: Some(activation),
            }
            | Kernel::BatchNorm {
                activation: Some(activation),
                ..
            } => {
                self.push_plain(group.sums);
                return self.push_activation(group, activation);
            }
            _ => return self.push_plain(group.output),
        };
        let shape = self.plan.value(group.output).shape.clone();
        let output = self.push(&group.name, &group.layer, task, input, shape);
        self.of_values.push((group.output, output));
    }

    /// Adds the activation at the end of a group as a stage of its own.
    fn push_activation(&mut self, group: &Group, activation: Activation) {
        let value = self.plan.value(group.output);
        let (name, shape) = (value.name.clone(), value.shape.clone());
        let sums = self.tensor(group.sums);
        let output = self.push(&name, &name, Task::Activation(activation), sums, shape);
        self.of_values.push((group.output, output));
    }

    /// Adds the step that computes a value as it is.
    fn push_plain(&mut self, value: ValueId) {
        let plan = self.plan;
        let computes =
            |step: &&Step| step.output == value && !matches!(step.operation, Operation::Fork);
        if let Some(step) = plan.steps.iter().find(computes) {
            let (input, shape) = (self.tensor(step.input()), plan.value(value).shape.clone());
            let others = step.inputs[1..].iter().map(|&id| self.tensor(id)).collect();
            let output = self.push(&step.name, &step.name, Task::Plain(step), input, shape);
            if let Some(stage) = self.stages.last_mut() {
                stage.others = others;
            }
            self.of_values.push((value, output));
        }
    }

    fn push_convolution(
        &mut self,
        group: &Group<'p>,
        convolution: Sums<'p>,
        pool: Option<&'p MaxPool2d>,
    ) {
        let conv = convolution.conv;
        let mut input = self.tensor(group.input);
        let (from, sums) = (self.maps(group.input), self.maps(group.sums));
        let pooled = pool
            .filter(|pool| pool.window.kernel_size == Pair::square(2))
            .map(|_| self.maps(group.output));
        let direct = direct(convolution, from, pooled.unwrap_or(sums), pooled.is_some());
        let packed = packed(convolution, from, sums);
        let is_packed = direct
            .as_ref()
            .is_none_or(|direct| !is_faster(direct, &packed));
        if is_packed {
            let shape = packed_shape(conv, from, sums);
            let name = format!("{}_packed", group.layer);
            input = self.push(&name, &group.layer, Task::Pack(conv), input, shape);
        }
        let convolution = direct.filter(|_| !is_packed).unwrap_or(packed);
        let apart = pool.filter(|_| !convolution.is_pooled);
        self.push_sums(group, Task::Conv2d(convolution), input, apart);
    }

    /// A convolution that looks at each map by itself, if that is what a group begins with; and its pool.
    fn plane(&self, group: &Group<'p>) -> Option<(Plane<'p>, Option<&'p MaxPool2d>)> {
        let Kernel::Conv2d {
            conv,
            norm,
            activation,
            pool,
        } = group.kernel
        else {
            return None;
        };
        let sums = Sums {
            conv,
            norm,
            activation,
        };
        let [from, to] = [group.source, group.sums].map(|id| self.maps(id));
        Some((Plane::new(sums, group.padding(conv), from, to)?, pool))
    }

    /// Adds the stage of a convolution, and one for the pool that is left to do.
    fn push_sums(
        &mut self,
        group: &Group<'p>,
        task: Task<'p>,
        input: usize,
        apart: Option<&'p MaxPool2d>,
    ) {
        let pool_name = format!("_{}", self.plan.value(group.output).name);
        let (name, value) = if apart.is_none() {
            (group.name.as_str(), group.output)
        } else {
            (
                group.name.strip_suffix(&pool_name).unwrap_or(&group.name),
                group.sums,
            )
        };
        let shape = self.plan.value(value).shape.clone();
        let mut output = self.push(name, &group.layer, task, input, shape);
        if let Some(pool) = apart {
            let shape = self.plan.value(group.output).shape.clone();
            let name = &self.plan.value(group.output).name;
            output = self.push(name, name, Task::MaxPool2d(pool), output, shape);
        }
        self.of_values.push((group.output, output));
    }

    fn maps(&self, value: ValueId) -> [usize; 3] {
        let shape = self.plan.value(value).shape.maps();
        shape.expect("a convolution is between feature maps")
    }
}

/// A convolution that reads its input as it is, if its columns are neighbours and fill a vector.
fn direct(
    sums: Sums<'_>,
    [channels, height, width]: [usize; 3],
    [_, rows, columns]: [usize; 3],
    is_pooled: bool,
) -> Option<Convolution<'_>> {
    let conv = sums.conv;
    let scale = if is_pooled { 2 } else { 1 };
    let channels = channels / conv.groups;
    let work = Work {
        maps: conv.out_channels / conv.groups,
        rows: scale * rows,
        columns: scale * columns,
        taps: channels * conv.kernel_size.height * conv.kernel_size.width,
        is_pooled,
    };
    let Pair {
        height: down,
        width: across,
    } = conv.dilation;
    (conv.stride == Pair::square(1) && work.columns >= WIDEST).then(|| Convolution {
        sums,
        is_pooled,
        is_packed: false,
        channels,
        work,
        pitch: width,
        channel: height * width,
        row_taps: turned(
            conv,
            (0..conv.kernel_size.height).map(|ky| ky * down * width),
        ),
        column_taps: turned(conv, (0..conv.kernel_size.width).map(|kx| kx * across)),
    })
}

/// A convolution over its packed input, all positions of which are neighbours.
fn packed(sums: Sums<'_>, from: [usize; 3], to: [usize; 3]) -> Convolution<'_> {
    let conv = sums.conv;
    let [channels, _, _] = from;
    let [_, rows, columns] = to;
    let channels = channels / conv.groups;
    let plane = packed_rows(conv, from, to) * columns;
    let per_phase = from[1].div_ceil(conv.stride.height);
    let row = |ky: usize| {
        let row = ky * conv.dilation.height;
        let (phase, row) = (row % conv.stride.height, row / conv.stride.height);
        (phase * per_phase + row) * columns
    };
    Convolution {
        sums,
        is_pooled: false,
        is_packed: true,
        channels,
        work: Work {
            maps: conv.out_channels / conv.groups,
            rows: 1,
            columns: (rows * columns).max(WIDEST),
            taps: channels * conv.kernel_size.height * conv.kernel_size.width,
            is_pooled: false,
        },
        pitch: 0,
        channel: conv.kernel_size.width * plane,
        row_taps: turned(conv, (0..conv.kernel_size.height).map(row)),
        column_taps: turned(conv, (0..conv.kernel_size.width).map(|kx| kx * plane)),
    }
}

/// The taps of one axis in the order of the weights.
fn turned(conv: &Conv2d, taps: impl DoubleEndedIterator<Item = usize>) -> Vec<usize> {
    match conv.mode {
        ConvMode::CrossCorrelation => taps.collect(),
        ConvMode::Convolution => taps.rev().collect(),
    }
}

/// `[channel][kx][row][column]` of a packed input.
fn packed_shape(conv: &Conv2d, from: [usize; 3], sums: [usize; 3]) -> Shape {
    let rows = packed_rows(conv, from, sums);
    Shape::new([from[0], conv.kernel_size.width, rows, sums[2]])
        .expect("the columns of a kernel are few")
}

/// The rows of a packed channel: those of the input, sorted by their remainder under the stride, and some that keep the
/// widest vector inside.
fn packed_rows(conv: &Conv2d, from: [usize; 3], sums: [usize; 3]) -> usize {
    let [_, rows, columns] = sums;
    let stride = conv.stride.height;
    let over = WIDEST.saturating_sub(rows * columns).div_ceil(columns);
    from[1].div_ceil(stride) * stride + over
}

/// Whether it is better to read the input as it is, by a count of half cycles with vectors of eight.
fn is_faster(direct: &Convolution, packed: &Convolution) -> bool {
    const WIDTH: usize = 8;
    /// To copy a vector, most of which are not whole.
    const COPY: f64 = 3.0;
    /// To pool a value apart.
    const POOL: f64 = 1.0;
    let copied = (packed.channels * packed.channel) as f64;
    let pooled = if direct.is_pooled {
        (packed.work.maps * packed.work.columns) as f64
    } else {
        0.0
    };
    let time = |convolution: &Convolution| spatial::time(convolution.work, WIDTH);
    let apart = COPY * copied / WIDTH as f64 + POOL * pooled;
    time(direct) <= time(packed) + apart
}

/// A buffer for each tensor but the input: one whose last tenant nobody will read again, if there is one.
fn places(tensors: &[Tensor], stages: &[Stage]) -> Vec<usize> {
    let last_reads: Vec<_> = (0..tensors.len())
        .map(|tensor| {
            let reads = |stage: &Stage| stage.inputs().any(|input| input == tensor);
            let last = stages.iter().rposition(reads);
            last.unwrap_or(stages.len())
        })
        .collect();
    let tenant = |(index, stage): (usize, &Stage)| Tenant {
        length: tensors[stage.output].shape.elements(),
        first: index,
        last: last_reads[stage.output],
    };
    let tenants: Vec<_> = stages.iter().enumerate().map(tenant).collect();
    turns::places(&tenants)
}
