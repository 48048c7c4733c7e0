package openapi

import "github.com/plimsoll-ci/plimsoll/cmd/plimsoll/internal/draft"

// Each drafts every operation as a step of its own, also those that are comments otherwise, with made-up ids.
func Each(in draft.Input) (*draft.Draft, error) {
	b, err := begin(in)
	if err != nil {
		return nil, err
	}
	for _, r := range b.ordered {
		r.create, r.list = nil, nil
	}
	for _, p := range b.plans {
		p.unique, p.withoutID = "", ""
	}
	b.write()
	for i := range b.out.Users {
		for j := range b.out.Users[i].Tasks {
			for k := range b.out.Users[i].Tasks[j].Steps {
				b.out.Users[i].Tasks[j].Steps[k].Off = ""
			}
		}
	}
	b.finish()
	return b.out.Filled(), nil
}

// TextLike is textLike.
func TextLike(patterns []string, least, most int) (string, bool) {
	return textLike(patterns, least, most)
}
