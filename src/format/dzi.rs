//! `dzi.xml`: the Deep Zoom descriptor in Microsoft's schema, with the 2008 namespace.

use crate::geometry::Geometry;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// The namespace that all readers know.
const NAMESPACE: &str = "http://schemas.microsoft.com/deepzoom/2008";

/// The descriptor of a pyramid whose tiles end in `.extension`: UTF-8 without byte-order mark.
///
/// # Errors
/// None in practice: writing to memory cannot fail.
pub fn descriptor(geometry: &Geometry, extension: &str) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let mut image = BytesStart::new("Image");
    let (tile_size, overlap) = (geometry.tile_size().to_string(), geometry.overlap().to_string());
    image.push_attribute(("xmlns", NAMESPACE));
    image.push_attribute(("TileSize", tile_size.as_str()));
    image.push_attribute(("Overlap", overlap.as_str()));
    image.push_attribute(("Format", extension));
    writer.write_event(Event::Start(image))?;
    let mut size = BytesStart::new("Size");
    let (width, height) = (geometry.size().width.to_string(), geometry.size().height.to_string());
    size.push_attribute(("Width", width.as_str()));
    size.push_attribute(("Height", height.as_str()));
    writer.write_event(Event::Empty(size))?;
    writer.write_event(Event::End(BytesEnd::new("Image")))?;
    writer.write_event(Event::Text(BytesText::new("\n")))?;
    Ok(writer.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Size;

    #[test]
    fn descriptor_has_the_attributes_of_the_schema() {
        let geometry = Geometry::new(Size::new(1030, 773), 256, 0).unwrap();
        let text = String::from_utf8(descriptor(&geometry, "jpg").unwrap()).unwrap();
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" TileSize="256" Overlap="0" Format="jpg">
  <Size Width="1030" Height="773"/>
</Image>
"#;
        assert_eq!(text, expected);
    }
}
