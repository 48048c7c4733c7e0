package exporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-ci/plimsoll/runner/internal/page"
)

const accepted = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"

const openMetrics, protobuf = "application/openmetrics-text", "application/vnd.google.protobuf"

// fetch returns a page. An error is half a sentence about the exporter.
func fetch(ctx context.Context, f *page.Fetcher) (page.Answer, error) {
	answer, err := f.Fetch(ctx)
	switch {
	case err != nil:
	case strings.HasPrefix(answer.Type, protobuf):
		err = noPage(answer.Type)
	case strings.HasPrefix(answer.Type, openMetrics) && !bytes.HasSuffix(bytes.TrimSpace(answer.Text), []byte("# EOF")):
		err = page.ErrCut
	}
	return answer, err
}

func noPage(kind string) error {
	return fmt.Errorf("it answers with %.80q, and not with a page of Prometheus in text", kind)
}

// check refuses a page that is none, or not whole. If its Content-Type is that of something else, that is why.
func (p *Page) check(answer page.Answer) error {
	err := p.whole(answer.Text)
	if err != nil && len(answer.Text) > 0 && answer.Type != "" && !strings.HasPrefix(answer.Type, "text/") && !strings.HasPrefix(answer.Type, openMetrics) {
		return noPage(answer.Type)
	}
	return err
}

func (p *Page) whole(text []byte) error {
	begin := bytes.ToLower(bytes.TrimSpace(text[:min(len(text), 64)]))
	switch {
	case bytes.HasPrefix(begin, []byte("<")):
		return errors.New("it answers with a document, and not with a page of Prometheus")
	case p.Cut && len(text) > 0:
		return page.ErrCut
	case len(p.Series) == 0 && p.Bad == 0:
		return errors.New("its page holds no name that is known or kept")
	case len(p.Series) == 0:
		return fmt.Errorf("its page cannot be read: %s", strings.TrimSpace(p.Why))
	}
	return nil
}
