// Quadrature rules on [0, 1].
#pragma once

#include <memory>
#include <vector>

namespace whylight {

struct Quadrature {
  std::vector<double> nodes;    // Ascending.
  std::vector<double> weights;  // As many; their sum is 1.
};

// The Gauss-Legendre rule of n >= 1 nodes: exact for polynomials of degree 2n - 1, and no node is
// an end point. Nodes and weights are within 1e-15 of the exact ones for n up to 10000 (those
// below 1/2 to a few units in their last place); n^2 operations, the last rules used are kept.
//
// Formula  Roots of P_n(1 - 2t) by Newton's method; w = 1 / (t (1 - t) (dP_n/dt)^2).
// Threads  From many.
// Source   Start: Olver's expansion by zeros of J0, Bogaert 2014 (doi 10.1137/140954969), eq. 3.6.
std::shared_ptr<const Quadrature> GaussLegendre(int n);

// Fejer's second rule of n >= 1 nodes: exact for polynomials of degree n - 1, and no node is an end
// point. The rule of 2n + 1 nodes has those of n at its odd indices (1, 3, ...): points that were
// evaluated serve again. n^2 operations.
//
// Formula  t_k = sin^2(a_k / 2), a_k = k pi / (n + 1), k = 1..n;
//          w_k = 2 sin(a_k) / (n + 1) * sum over odd j <= n of sin(j a_k) / j
// Source   Fejer 1933; Davis and Rabinowitz, Methods of Numerical Integration, 2.5.5; how it
//          compares with Gauss: Trefethen 2008 (doi 10.1137/060659831).
std::shared_ptr<const Quadrature> Fejer(int n);

// Middles of n >= 1 equal parts, equal weights. For comparison with other tools.
std::shared_ptr<const Quadrature> Midpoint(int n);

}  // namespace whylight
