package shop

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// find returns a page of the products whose name holds a part, and the number of them all.
func (s *Shop) find(part string, page int) (items []*product, total int) {
	wanted := strings.ToLower(part)
	var found []*product
	for i := range s.catalogue {
		if strings.Contains(s.catalogue[i].lowerName, wanted) {
			found = append(found, &s.catalogue[i])
		}
	}
	from := min((page-1)*perPage, len(found))
	return found[from:min(from+perPage, len(found))], len(found)
}

// byID returns a product by its number.
func (s *Shop) byID(text string) (*product, error) {
	id, err := strconv.Atoi(text)
	if err != nil || id < 1 || id > len(s.catalogue) {
		return nil, missing("there is no product %s", text)
	}
	return &s.catalogue[id-1], nil
}

func (s *Shop) withSKU(sku string) (*product, error) {
	p, known := s.bySKU[sku]
	if !known {
		return nil, missing("there is no product with SKU %s", sku)
	}
	return p, nil
}

// hit is a product and how well it matches.
type hit struct {
	*product
	Score int `json:"score"`
}

// rank scores every product: a word counts three times in a name and once in a description.
func (s *Shop) rank(text string) ([]hit, error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, invalid("q is empty: say what to search for")
	}
	var hits []hit
	for i := range s.catalogue {
		p, score := &s.catalogue[i], 0
		for _, word := range words {
			score += 3*strings.Count(p.lowerName, word) + strings.Count(p.lowerText, word)
		}
		if score > 0 {
			hits = append(hits, hit{p, score})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int {
		if a.Score != b.Score {
			return b.Score - a.Score
		}
		return a.ID - b.ID
	})
	return hits, nil
}

// best returns the first n hits, by price if the order is PRICE.
func best(hits []hit, n int, order string) []hit {
	if order == "PRICE" {
		slices.SortStableFunc(hits, func(a, b hit) int { return a.cents() - b.cents() })
	}
	return hits[:max(0, min(n, len(hits)))]
}

func (s *Shop) open(user, password string) (token string, err error) {
	if user == "" || password == "" {
		return "", &refusal{http.StatusUnauthorized, "user and password are both needed"}
	}
	return s.carts.open(), nil
}

func (s *Shop) put(token string, item line) ([]line, error) {
	if _, err := s.withSKU(item.SKU); err != nil {
		return nil, err
	}
	if item.Quantity < 1 || item.Quantity > 1000 {
		return nil, invalid("quantity is outside 1 to 1000")
	}
	return s.carts.add(token, item), nil
}

// tick is the stock of a product at an instant.
type tick struct {
	Sequence int64     `json:"sequence"`
	SKU      string    `json:"sku"`
	Stock    int       `json:"stock"`
	At       time.Time `json:"at"`
}

// defaultEvery is the time between two ticks if the caller does not say.
const defaultEvery = 50 * time.Millisecond

// watch is the time between two messages about the stock of a product.
type watch struct {
	sku   string
	after int64         // the sequence of the last tick that the caller knows
	count int           // 0 for no end
	every time.Duration // 0 for as fast as the caller reads
}

// ticks tells the stock until it was told often enough, ended is closed, the shop ends its streams, or tell fails.
// The first tick comes at once.
func (s *Shop) ticks(w watch, ended <-chan struct{}, tell func(tick) error) error {
	p, err := s.withSKU(w.sku)
	if err != nil {
		return err
	}
	due := time.NewTimer(0)
	defer due.Stop()
	begin := time.Now()
	for n := 0; w.count == 0 || n < w.count; n++ {
		due.Reset(time.Until(begin.Add(time.Duration(n) * w.every)))
		select {
		case <-ended:
			return nil
		case <-s.ending:
			return nil
		case <-due.C:
		}
		sequence := w.after + int64(n) + 1
		if err := tell(tick{sequence, p.SKU, (p.Stock + int(sequence%500)) % 500, time.Now().UTC()}); err != nil {
			return err
		}
	}
	return nil
}
