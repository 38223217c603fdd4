//! How deep a document may nest, and the stack that keeps to it.

/// The deepest nesting of objects and arrays that is read, the outermost counted.
///
/// No request of any schema comes near it. Serde skips values that nobody asked for without a
/// limit (`craft.md` §5), so the limit is kept here, before any other parser sees the body.
pub const DEPTH_LIMIT: u32 = u128::BITS;

/// What kind of container is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Array,
    Object,
}

impl Container {
    /// The byte that closes it.
    pub(super) const fn end(self) -> u8 {
        match self {
            Self::Array => b']',
            Self::Object => b'}',
        }
    }
}

/// The open containers, one bit each: a depth bomb costs no memory, and passing over a
/// value needs no recursion.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nesting {
    /// The innermost container is the lowest bit; set for an object.
    kinds: u128,
    depth: u32,
}

impl Nesting {
    /// How many containers are open.
    pub(super) const fn depth(self) -> u32 {
        self.depth
    }

    /// Opens a container. `false` if that would be too deep.
    #[must_use]
    pub(super) const fn open(&mut self, container: Container) -> bool {
        if self.depth == DEPTH_LIMIT {
            return false;
        }
        self.kinds = self.kinds << 1 | matches!(container, Container::Object) as u128;
        self.depth += 1;
        true
    }

    /// Closes the innermost container.
    pub(super) const fn close(&mut self) {
        self.kinds >>= 1;
        self.depth = self.depth.saturating_sub(1);
    }

    /// The innermost container. Without one, an array.
    pub(super) const fn innermost(self) -> Container {
        if self.kinds & 1 == 1 { Container::Object } else { Container::Array }
    }
}
