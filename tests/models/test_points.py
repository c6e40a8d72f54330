"""Networks for points in the plane: shapes, and that they can bend a line into a ring of clusters."""

import torch
from torch import nn
from torch.nn import functional as F

from genstudio.data.synthetic import load
from genstudio.models.blocks import points


def test_an_encoder_takes_points_and_a_decoder_gives_points():
    codes = points.Encoder(4, 6)(torch.zeros(5, 2))
    assert codes.shape == (5, 6)
    assert points.Decoder(4, 6)(codes).shape == (5, 2)


def test_the_last_layer_of_a_decoder_is_called_out_and_its_bias_is_where_points_start():
    decoder = points.Decoder(4, 3)
    with torch.no_grad():
        decoder.out.weight.zero_()
        decoder.out.bias.copy_(torch.tensor([1.5, -2.0]))
    assert decoder.get_submodule("out") is decoder.out
    assert decoder(torch.randn(7, 3)).unique(dim=0).tolist() == [[1.5, -2.0]]


def test_outputs_reach_beyond_the_range_of_pixels():
    decoder = points.Decoder(8, 2)
    outputs = decoder(100 * torch.randn(200, 2, generator=torch.Generator().manual_seed(0)))
    assert outputs.min() < 0
    assert outputs.max() > 1


def test_a_wider_network_has_more_weights():
    def count(network):
        return sum(p.numel() for p in network.parameters())

    assert count(points.Encoder(8, 2)) > 2 * count(points.Encoder(4, 2))
    assert count(points.Decoder(8, 2)) > 2 * count(points.Decoder(4, 2))


def test_encoder_and_decoder_learn_the_ring_within_400_steps():
    data = torch.from_numpy(load("rings").points)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(points.Encoder(16, 2), points.Decoder(16, 2))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    first = F.mse_loss(network(data[:512]), data[:512]).item()
    for step in range(400):
        batch = data[step * 16 : step * 16 + 256]
        optimizer.zero_grad()
        F.mse_loss(network(batch), batch).backward()
        optimizer.step()
    assert F.mse_loss(network(data[:512]), data[:512]).item() < first / 100
