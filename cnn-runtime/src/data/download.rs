//! MNIST from its public mirrors.
