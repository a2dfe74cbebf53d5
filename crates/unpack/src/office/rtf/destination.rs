//! What control words make of the group that they stand in.

/// Where a group's text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Destination {
    /// Shown.
    Body,
    /// Passed over with all that is in it.
    Skip,
    /// Its own text is passed over; destinations in it count.
    Quiet,
    /// Digits of an object.
    Object,
    /// Digits of the store of custom XML.
    Store,
    /// Digits of a picture.
    Picture,
    /// An instruction of a field.
    Code,
    /// Colours.
    Colours,
    /// A text that is collected and used when the group ends.
    Named(Named),
}

/// Texts that are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    ObjectClass,
    Template,
    Title,
    Subject,
    Author,
    Operator,
    Keywords,
    Comment,
    Category,
    /// Names and values that macros could read: document variables, properties, shapes.
    Meta,
    /// A query or file that a form letter is filled from.
    Source,
}

use Destination as D;

/// The destination that a word opens; `None` when it opens none.
pub(super) fn of(word: &[u8]) -> Option<Destination> {
    Some(match word {
        b"objdata" => D::Object,
        b"objclass" => D::Named(Named::ObjectClass),
        b"template" => D::Named(Named::Template),
        b"datastore" => D::Store,
        b"pict" => D::Picture,
        b"fldinst" => D::Code,
        b"colortbl" => D::Colours,
        b"title" => D::Named(Named::Title),
        b"subject" => D::Named(Named::Subject),
        b"author" => D::Named(Named::Author),
        b"operator" => D::Named(Named::Operator),
        b"keywords" => D::Named(Named::Keywords),
        b"doccomm" | b"comment" => D::Named(Named::Comment),
        b"category" => D::Named(Named::Category),
        b"docvar" | b"propname" | b"staticval" | b"sv" | b"company" | b"manager" | b"generator"
        | b"hlinkbase" | b"objname" | b"bkmkstart" => D::Named(Named::Meta),
        b"mmdatasource" | b"mmconnectstr" | b"mmconnectstrdata" | b"mmquery" | b"mmheadersource" => {
            D::Named(Named::Source)
        }
        b"fldrslt" | b"result" | b"shptxt" | b"shprslt" | b"header" | b"headerl" | b"headerr"
        | b"headerf" | b"footer" | b"footerl" | b"footerr" | b"footerf" | b"footnote" | b"annotation"
        | b"pntext" | b"listtext" | b"shpinst" | b"shppict" => D::Body,
        b"nonshppict" => D::Skip,
        b"fonttbl"
        | b"stylesheet"
        | b"info"
        | b"filetbl"
        | b"listtable"
        | b"listoverridetable"
        | b"revtbl"
        | b"rsidtbl"
        | b"xmlnstbl"
        | b"themedata"
        | b"colorschememapping"
        | b"latentstyles"
        | b"mmathPr"
        | b"pgptbl"
        | b"sn"
        | b"bkmkend"
        | b"blipuid"
        | b"panose"
        | b"falt"
        | b"fontemb"
        | b"fontfile"
        | b"pnseclvl"
        | b"background"
        | b"wgrffmtfilter"
        | b"userprops"
        | b"ftnsep"
        | b"ftnsepc"
        | b"aftnsep"
        | b"aftnsepc"
        | b"atnid"
        | b"atnauthor"
        | b"atndate"
        | b"atnref"
        | b"xe"
        | b"tc"
        | b"objalias"
        | b"objsect"
        | b"oleclsid"
        | b"passwordhash"
        | b"protusertbl"
        | b"htmltag" => D::Quiet,
        _ => return None,
    })
}
