package shop

import (
	"crypto/rand"
	"slices"
	"sync"
)

// Bounds that keep memory constant during a long run.
const (
	maxCarts = 10_000
	maxLines = 50
)

// line is one line of a cart.
type line struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// carts keeps the newest carts by their token. The zero value is empty and ready. Safe for
// concurrent use.
type carts struct {
	mu      sync.Mutex // guards the fields below
	byToken map[string][]line
	tokens  []string // oldest first; the oldest is dropped when there are too many
}

// open starts an empty cart and returns its token.
func (c *carts) open() string {
	token := rand.Text()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(token, nil)
	return token
}

// items returns what is in a cart. It is never nil, so that JSON has a list.
func (c *carts) items(token string) []line {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]line{}, c.byToken[token]...)
}

// add puts a line into a cart, which it opens when there is none, and returns what is in it. A full
// cart drops its oldest line.
func (c *carts) add(token string, item line) []line {
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := append(c.byToken[token], item)
	c.put(token, lines[max(0, len(lines)-maxLines):])
	return slices.Clone(c.byToken[token])
}

// put stores a cart. The caller holds mu.
func (c *carts) put(token string, lines []line) {
	if c.byToken == nil {
		c.byToken = map[string][]line{}
	}
	if _, known := c.byToken[token]; !known {
		c.tokens = append(c.tokens, token)
	}
	c.byToken[token] = lines
	if len(c.tokens) > maxCarts {
		delete(c.byToken, c.tokens[0])
		c.tokens = c.tokens[1:]
	}
}
