"""stub"""

import torch
from torch import Tensor, nn


@torch.no_grad()
def logits_of(network: nn.Module, pictures: Tensor) -> Tensor:
    """What a network answers to pictures [n, 48, 48], in batches that fit the caches."""
    network.eval()
    return torch.cat([network(batch[:, None].float()).float() for batch in pictures.split(256)])
