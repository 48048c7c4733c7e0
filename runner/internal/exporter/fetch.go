package exporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-ci/plimsoll/runner/internal/page"
)

const accepted = "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1"

// fetch returns a page and the instant that it tells of. An error is half a sentence about the exporter.
func fetch(ctx context.Context, f *page.Fetcher) ([]byte, time.Time, error) {
	answer, err := f.Fetch(ctx)
	if err == nil && strings.HasPrefix(answer.Type, "application/openmetrics-text") && !bytes.HasSuffix(bytes.TrimSpace(answer.Text), []byte("# EOF")) {
		err = page.ErrCut
	}
	if err != nil {
		return nil, answer.At, err
	}
	return answer.Text, answer.At, nil
}

// check refuses a page that is none, or not whole.
func (p *Page) check(text []byte) error {
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
