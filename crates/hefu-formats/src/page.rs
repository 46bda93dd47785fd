//! What a page shows: pieces of text where they stand, and the codes on it. PDF and OFD give the
//! same, so that one reader of the face serves both.

/// A piece of text on a page, as it is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    /// The page, from 1.
    pub(crate) page: u32,
    /// The left end of its base line, in millimetres from the left.
    pub(crate) x: f32,
    /// Its base line, in millimetres from the top.
    pub(crate) y: f32,
    /// How far it reaches, in millimetres; 0 where that is not known.
    pub(crate) width: f32,
    /// The size of its letters, in millimetres.
    pub(crate) height: f32,
    /// The text.
    pub(crate) text: String,
    /// Where it stands in the file: `page 1`, `Doc_0/Pages/Page_0/Content.xml`.
    pub(crate) place: String,
}

/// A QR code on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    /// What it says.
    pub(crate) text: String,
    /// Where it stands in the file.
    pub(crate) place: String,
}
