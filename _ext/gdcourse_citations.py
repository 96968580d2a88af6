"""The bibliography in the form in which the text cites, with the way back to where each work is cited."""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


def label(entry):
    """Return a work as the text cites it: Polyak, 1964."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join(str(part) for part in [*one.rich_prelast_names, *one.rich_last_names]) for one in people]
    said = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
    return f"{said or entry.fields.get('title', '')}, {entry.fields.get('year', '')}".strip(", ")


class CitedIn(SphinxPostTransform):
    """Give each work its name, and links to the places that cite it, a chapter's number each."""

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs):
        found = list(self.document.findall(nodes.citation))
        if not found:
            return
        domain = self.env.get_domain("cite")
        here = self.env.docname
        works = {one.citation_id: one for one in domain.citations if one.bibliography_key.docname == here}
        pages = list(self.env.toctree_includes.get(self.config.root_doc, []))
        for node in found:
            work = works.get(node["ids"][0])
            if work is None:
                continue
            node[0].replace_self(nodes.label("", label(work.entry)))
            places = {}  # the first place on each page
            for ref in domain.citation_refs:
                if any(target.key == work.key for target in ref.targets) and ref.docname != here:
                    places.setdefault(ref.docname, ref.citation_ref_id)
            links = []
            for name in sorted(places, key=lambda name: pages.index(name) if name in pages else len(pages)):
                number = self.env.toc_secnumbers.get(name, {}).get("", ())
                text = f"chapter {number[0]}" if number else self.env.titles[name].astext()
                uri = f"{self.app.builder.get_relative_uri(here, name)}#{places[name]}"
                links.append(nodes.Text(", " if links else "Cited in "))
                links.append(nodes.reference("", text, refuri=uri, internal=True))
            if links:
                node += nodes.paragraph("", "", *links, nodes.Text("."), classes=["gd-cited"])


def setup(app):
    """Register the transform."""
    app.add_post_transform(CitedIn)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
