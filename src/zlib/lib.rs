//! zlib behind the interface of `libz-ng-sys`, so that building Egret needs no cmake.
pub use libz_sys::*;
