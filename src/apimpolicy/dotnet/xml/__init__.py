"""System.Xml.Linq: XML trees as C# sees them.

names         XName, XNamespace
nodes         XObject, XNode, XText, XCData, XComment, XProcessingInstruction, XDocumentType
containers    XContainer, XDocument, XDeclaration
elements      XElement, XAttribute
content       what may be added to a container, and the XML form of .NET values
casts         C# conversions from XElement and XAttribute
reader        text to trees; messages lists .NET's messages
writer        trees to text
comparison    DeepEquals, copies
annotations   objects attached to nodes, and to JSON tokens
saving        Save, Load and writers
extensions    System.Xml.Linq.Extensions
xml_convert   System.Xml.XmlConvert
"""
